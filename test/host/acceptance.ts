/** A program that people use with modems, and what shows that it can use this one. */
export interface Acceptance {
  readonly title: string;
  /** Each must be found, and the package (Debian's name) that has it. */
  readonly needs: readonly Need[];
  /** bash; $L is the link. Exit code 0 = accepted. PRELUDE stands before it. */
  readonly script: string;
}

export interface Need {
  /** A name, or a line that succeeds where it is there. */
  readonly command: string;
  readonly debian: string;
}

/** What one host has left behind is not the next one's: echo, formats, messages; knobs of the modem are turned with `knob`. */
export const PRELUDE = `
  knob() { "$NODE" "$PROGRAM" set --run-dir "$RUN" "$@"; }
  reset() {
    exec 9<>$L
    printf 'ATZ\\rAT+CPMS="SM","SM","SM";+CMGD=0,4\\rAT+CPMS="ME","ME","ME";+CMGD=0,4\\r' >&9
    timeout 5 grep -m3 -q '^OK' <&9
    sleep .3
    exec 9>&-
  }
  reset
  W=$(mktemp -d)
  trap 'rm -rf $W' EXIT
`;

export const GAMMU = '-c <(printf "[gammu]\\ndevice=$L\\nconnection=at115200\\nsynchronizetime=no\\n")';

/** A private mount namespace, in which a device of the system's can be another. */
export const NAMESPACE: readonly Need[] = [
  { command: "[ -c /dev/ttyS0 ] && unshare -m true", debian: "util-linux (as root, with a /dev/ttyS0)" },
];
