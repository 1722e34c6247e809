/** `npm run screenshots`: the pages as the README shows them, taken from the service on its built-in model. Needs Chromium. */
import './check-node.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ROOT = join(import.meta.dirname, '..');
const TARGET = join(ROOT, 'docs', 'screenshots');
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const DESKTOP = { width: 1280, height: 960 };
const PHONE = { width: 390, height: 760 };

const dataDir = await mkdtemp(join(tmpdir(), 'screenshots-'));
const service = spawn(process.execPath, ['dist/main.js'], {
  cwd: ROOT,
  env: { PATH: process.env['PATH'], PORT: '0', UPSTREAM: 'local', DATA_DIR: dataDir },
});
const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const url = await addressOf();
  await once(spawn(process.execPath, ['dist/commands/seed.js', url], { cwd: ROOT }), 'exit');
  await mkdir(TARGET, { recursive: true });
  await shoot('chat-light', url, { viewport: DESKTOP, colorScheme: 'light' });
  await shoot('chat-dark', url, { viewport: DESKTOP, colorScheme: 'dark' });
  await shoot('chat-phone', url, { viewport: PHONE, colorScheme: 'light' });
} finally {
  await browser.close();
  service.kill();
  await once(service, 'exit');
  await rm(dataDir, { recursive: true, force: true });
}

/** @returns {Promise<string>} */
async function addressOf() {
  for await (const chunk of service.stdout) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(String(chunk)) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('the service has not started');
}

/** @param {string} name @param {string} url @param {import('playwright-core').BrowserContextOptions} options */
async function shoot(name, url, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${url}/chat`);
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.waitFor();
  if (options.viewport === DESKTOP) await page.getByRole('button', { name: /Support triage/ }).click();
  await message.fill('Two customers cannot log in. Which team should have it?');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Copy' }).waitFor();
  if (options.viewport === DESKTOP) {
    await message.fill('/tool open_ticket {"title":"Login fails","team":"platform","urgent":true}');
    await page.keyboard.press('Enter');
    await page.getByRole('form', { name: 'Tool calls' }).waitFor();
    // The pointer is over nothing that it would highlight.
    await page.mouse.move(1279, 300);
  }
  await page.screenshot({ path: join(TARGET, `${name}.png`) });
  await context.close();
}
