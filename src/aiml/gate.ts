/** Lets at most `places` in at a time; the others wait in the order in which they came. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves once there is a place, with the function that gives it back; calling that a second time does nothing. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#hold();
  }

  /** The same without waiting: null where there is no place now. */
  tryEnter(): (() => void) | null {
    if (this.#free === 0) return null;
    this.#free -= 1;
    return this.#hold();
  }

  #hold(): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
