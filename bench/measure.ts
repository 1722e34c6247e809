/** The measurements, in the order in which they are taken. */
import { runLoad, type LoadResult } from './load/load.ts';
import { createRequests, type Numbers } from './load/requests.ts';
import type { Options } from './options.ts';
import { Progress } from './report/terminal.ts';
import type { LatencySample, Results, Sample } from './results.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream/client.ts';
import { verify } from './verify.ts';
import { WORKLOADS, type Kind, type Workload, type WorkloadName } from './workloads.ts';

const RAMP_SECONDS = 0.3;
const UPSTREAM_DELAY_MS = 50;
const WITH_LATENCY: readonly WorkloadName[] = ['W1', 'W2'];
/** The workloads that the upstream can serve without a server in front of it. */
const WITHOUT_SERVER: readonly WorkloadName[] = ['W1', 'W2', 'W5'];

interface Case {
  readonly workload: Workload;
  readonly kind: Kind;
}

export type Measured = Pick<Results, 'upstreamAlone' | 'samples' | 'latency'>;

export class Bench {
  readonly #options: Options;
  readonly #servers: readonly Server[];
  readonly #upstream: Upstream;
  readonly #numbers: Numbers;
  readonly #workloads: readonly Workload[];
  readonly #cases: readonly Case[];
  readonly #withLatency: readonly Workload[];
  readonly #progress: Progress;

  constructor(options: Options, servers: readonly Server[], upstream: Upstream, numbers: Numbers) {
    this.#options = options;
    this.#servers = servers;
    this.#upstream = upstream;
    this.#numbers = numbers;
    this.#workloads = WORKLOADS.filter(({ name }) => options.workloads.includes(name));
    this.#cases = this.#workloads.flatMap((workload) =>
      workload.kinds.filter((kind) => isRequested(workload, kind, options.kinds)).map((kind) => ({ workload, kind })),
    );
    this.#withLatency = options.latency ? this.#workloads.filter(({ name }) => WITH_LATENCY.includes(name)) : [];
    const alone = this.#workloads.filter(({ name }) => WITHOUT_SERVER.includes(name)).length;
    const loads = this.#cases.length * servers.length * (options.rounds + 1);
    const latencies = this.#withLatency.length * (servers.length + 1) * options.rounds;
    this.#progress = new Progress(this.#workloads.length * servers.length + alone + loads + latencies);
  }

  /** Rejects with the first wrong response, before or under load. */
  async run(): Promise<Measured> {
    try {
      await this.#verify();
      const upstreamAlone = await this.#measureUpstreamAlone();
      await this.#warmUp();
      const samples: Sample[] = [];
      const latency: LatencySample[] = [];
      for (let round = 1; round <= this.#options.rounds; round += 1) {
        for (const which of this.#cases)
          for (const server of this.#inTurn(round)) samples.push(await this.#measure(which, server, round));
        latency.push(...(await this.#measureLatency(round)));
      }
      return { upstreamAlone, samples, latency };
    } finally {
      this.#progress.end();
    }
  }

  async #verify(): Promise<void> {
    for (const workload of this.#workloads)
      for (const server of this.#servers) {
        this.#progress.step(`verify ${workload.name} of ${server.name}`);
        await verify(server, workload, this.#upstream, this.#numbers);
      }
  }

  async #measureUpstreamAlone(): Promise<Results['upstreamAlone']> {
    const perSecond: Partial<Record<WorkloadName, number>> = {};
    for (const workload of this.#workloads.filter(({ name }) => WITHOUT_SERVER.includes(name))) {
      this.#progress.step(`the upstream alone, ${workload.name}`);
      const result = await this.#loadUpstream(workload, this.#options.connections, this.#options.seconds);
      perSecond[workload.name] = result.perSecond;
    }
    return perSecond;
  }

  async #warmUp(): Promise<void> {
    for (const which of this.#cases)
      for (const server of this.#servers) {
        this.#progress.step(`warm up ${which.workload.name} ${which.kind} of ${server.name}`);
        await this.#load(which, server, this.#options.connections, this.#options.warmUpSeconds);
      }
  }

  async #measure(which: Case, server: Server, round: number): Promise<Sample> {
    const { workload, kind } = which;
    this.#progress.step(`round ${round}: ${workload.name} ${kind} of ${server.name}`);
    await this.#upstream.reset();
    const before = await server.child.usage();
    const result = await this.#load(which, server, this.#options.connections, this.#options.seconds);
    const after = await server.child.usage();
    const { total } = await this.#upstream.counters();
    return {
      workload: workload.name,
      kind,
      server: server.name,
      round,
      perSecond: result.perSecond,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      cpuUsPerRequest: (after.cpuUs - before.cpuUs) / result.responses,
      upstreamCallsPerRequest: total / result.responses,
      residentMb: after.residentBytes / 2 ** 20,
    };
  }

  async #measureLatency(round: number): Promise<LatencySample[]> {
    const samples: LatencySample[] = [];
    await this.#upstream.reset(UPSTREAM_DELAY_MS);
    for (const workload of this.#withLatency) {
      this.#progress.step(`round ${round}: latency of the upstream, ${workload.name}`);
      const alone = await this.#loadUpstream(workload, 1, this.#options.seconds);
      for (const server of this.#inTurn(round)) {
        this.#progress.step(`round ${round}: latency of ${server.name}, ${workload.name}`);
        const { p50Ms } = await this.#load({ workload, kind: 'distinct' }, server, 1, this.#options.seconds);
        samples.push({ workload: workload.name, server: server.name, round, p50Ms, addedMs: p50Ms - alone.p50Ms });
      }
    }
    await this.#upstream.reset();
    return samples;
  }

  /** Each round starts with another server, so that no server always follows the same one. */
  #inTurn(round: number): readonly Server[] {
    const first = (round - 1) % Math.max(1, this.#servers.length);
    return [...this.#servers.slice(first), ...this.#servers.slice(0, first)];
  }

  #load({ workload, kind }: Case, server: Server, connections: number, seconds: number): Promise<LoadResult> {
    const { protocol, url, name } = server;
    return runLoad({
      url,
      connections,
      rampSeconds: RAMP_SECONDS,
      seconds,
      status: protocol === 'rest' ? workload.restStatus : 200,
      next: createRequests(workload, { kind, protocol, url, numbers: this.#numbers }),
    }).catch((error: unknown) => {
      throw new Error(`${name} under ${workload.name} ${kind}: ${error instanceof Error ? error.message : 'failed'}`);
    });
  }

  #loadUpstream(workload: Workload, connections: number, seconds: number): Promise<LoadResult> {
    const { url } = this.#upstream;
    return runLoad({
      url,
      connections,
      rampSeconds: RAMP_SECONDS,
      seconds,
      status: workload.restStatus,
      next: createRequests(workload, { kind: 'distinct', protocol: 'rest', url, numbers: this.#numbers }),
    });
  }
}

/** `--kinds` does not exclude a workload that has one kind only. */
const isRequested = ({ kinds }: Workload, kind: Kind, requested: readonly Kind[]): boolean =>
  kinds.length === 1 || requested.includes(kind);
