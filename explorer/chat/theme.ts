/** Light or dark: as the system has it, until the user chooses. */
import { useEffect, useState } from 'react';

type Theme = 'light' | 'dark';

const KEY = 'chat:theme';

function initialTheme(): Theme {
  const stored = readStoredTheme();
  if (stored === 'light' || stored === 'dark') return stored;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Browsers throw where the user allows no storage. */
function readStoredTheme(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function useTheme(): { readonly theme: Theme; readonly toggle: () => void } {
  const [theme, setTheme] = useState(initialTheme);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    setTheme(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // The theme ends with the page.
    }
  };
  return { theme, toggle };
}
