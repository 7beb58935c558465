import {
  isRealTime,
  number,
  parseSignal,
  SIGCHLD,
  SIGCONT,
  SIGINT,
  SIGKILL,
  signalName,
  signalNames,
  SIGQUIT,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  STOP_SIGNALS,
  TERMINAL_STOPS,
} from "../../src/core/signals.ts";
import { deepEqual, equal, ok } from "../assert.ts";

/** The standard signals as signal(7) numbers them on x86_64 and aarch64, written out by another hand. */
const STANDARD = `
 1 HUP     2 INT     3 QUIT    4 ILL     5 TRAP    6 ABRT    7 BUS     8 FPE     9 KILL   10 USR1
11 SEGV   12 USR2   13 PIPE   14 ALRM   15 TERM   16 STKFLT 17 CHLD   18 CONT   19 STOP   20 TSTP
21 TTIN   22 TTOU   23 URG    24 XCPU   25 XFSZ   26 VTALRM 27 PROF   28 WINCH  29 IO     30 PWR
31 SYS`;

const STANDARD_NAMES = [...STANDARD.matchAll(/(\d+) ([A-Z]+\d?)/g)].map(([, value, name]) =>
  [Number(value), name!] as const
);

Deno.test("names each standard signal, and knows it by that name in every way of writing it", () => {
  equal(STANDARD_NAMES.length, 31);
  for (const [value, name] of STANDARD_NAMES) {
    equal(signalName(value), `SIG${name}`);
    for (const text of [name, `SIG${name}`, name.toLowerCase(), `sig${name.toLowerCase()}`, String(value)]) {
      equal(parseSignal(text), value, text);
    }
  }
});

Deno.test("every signal from 1 to 64 comes back from its name, but the two that glibc keeps for itself", () => {
  for (let signal = 1; signal <= 64; signal++) {
    const nameless = signal === 32 || signal === 33;
    equal(parseSignal(signalName(signal)), nameless ? null : signal);
    equal(parseSignal(String(signal)), signal);
  }
  equal(signalName(32), "signal 32");
  equal(signalName(65), "signal 65");
  equal(signalName(0), "signal 0");
});

Deno.test("counts real-time signals from either end", () => {
  equal(signalName(34), "SIGRTMIN");
  equal(signalName(37), "SIGRTMIN+3");
  equal(signalName(64), "SIGRTMIN+30");
  for (
    const [text, signal] of [
      ["RTMIN", 34],
      ["SIGRTMIN+3", 37],
      ["rtmin+30", 64],
      ["RTMAX", 64],
      ["SIGRTMAX-1", 63],
      ["sigrtmax-30", 34],
      ["RTMIN+0", 34],
    ] as const
  ) equal(parseSignal(text), signal, text);
});

Deno.test("knows the other names in use", () => {
  equal(parseSignal("IOT"), 6);
  equal(parseSignal("SIGCLD"), 17);
  equal(parseSignal("poll"), 29);
});

for (
  const text of [
    ...["", " ", "TERM ", " TERM", "TER", "TERMS", "SIG", "SIGSIGTERM", "SIG15", "NULL", "EXIT"],
    ...["0", "65", "99", "100", "-1", "+15", "1.5", "1e1", "0x0f", "1 5", "015x", "NaN"],
    ...[
      "RTMIN-1",
      "RTMIN+31",
      "RTMAX+1",
      "RTMAX-31",
      "RTMIN3",
      "RTMIN+",
      "RT",
      "RTMIN+1+1",
      "RTMIN++1",
      "34+1",
    ],
    ...["constructor", "__proto__", "TERM\n", "TERM\0", "\u0131nt", "\u017fys"],
  ]
) {
  Deno.test(`${JSON.stringify(text)} is no signal`, () => equal(parseSignal(text), null));
}

Deno.test("every name that is offered is known", () => {
  ok(signalNames().length > 31);
  for (const name of signalNames()) ok(parseSignal(name) !== null, name);
  for (const name of ["TERM", "CLD", "RTMIN", "RTMAX"]) ok(signalNames().includes(name), name);
});

Deno.test("the signals that the code names have the kernel's numbers", () => {
  deepEqual(
    [SIGINT, SIGQUIT, SIGKILL, SIGTERM, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU],
    [2, 3, 9, 15, 17, 18, 19, 20, 21, 22],
  );
  equal(number("USR1"), 10);
  deepEqual([...STOP_SIGNALS].sort((a, b) => a - b), [2, 3, 15]);
  deepEqual([...TERMINAL_STOPS].sort((a, b) => a - b), [20, 21, 22]);
});

Deno.test("real-time signals are those from RTMIN to RTMAX", () => {
  const all = Array.from({ length: 64 }, (_, i) => i + 1);
  deepEqual(all.filter(isRealTime), Array.from({ length: 31 }, (_, i) => 34 + i));
});
