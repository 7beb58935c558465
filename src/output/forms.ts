/** How a line of a service looks where it goes. */

/** Puts lines into a form, from one place of a buffer to another: so no object is made for a line. */
export interface Form {
  /** Sets the time of the lines that follow. */
  stamp(time: Date): void;
  /**
   * Writes the line that stands from `start` to `end`, without its end, in this form to `at`. Returns where what it
   * wrote ends, at most {@linkcode LONGEST_FORMED} behind `at`.
   */
  put(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, at: number, piece: Piece): number;
  /** What stands around each whole line that is the same in this form as it is, until the next stamp. */
  frame(): Frame;
}

/** A form, for lines that need no look at what they say. */
export interface Frame {
  readonly head: Bytes;
  /** With the line's end. */
  readonly tail: Bytes;
  /** Which lines that are: all, or those that stand for themselves in a JSON string and are no object. */
  readonly fits: "all" | "plain";
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Whether it is a line, or a part of one that is too long: one that more follows, or the last. */
export type Piece = "whole" | "part" | "last part";

/** A longer line is passed on in parts, in bytes; Docker's bound is the same. */
export const LONGEST_LINE = 16 * 1024;

/** A byte becomes six at most (`\u0001`); the rest is room for what stands around it. */
export const LONGEST_FORMED = 6 * LONGEST_LINE + 16 * 1024;

const [NEWLINE, TAB, CARRIAGE_RETURN, SPACE] = [0x0a, 0x09, 0x0d, 0x20] as const;
const [OPENING_BRACE, CLOSING_BRACE, FIRST_BEYOND_ASCII] = [0x7b, 0x7d, 0x80] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The line as it is behind a prefix. A part of a line is a line of its own, or others would be cut into. */
export function plainForm(prefix: string): Form {
  const head = encoder.encode(prefix);
  const frame: Frame = { head, tail: Uint8Array.of(NEWLINE), fits: "all" };
  return {
    stamp(): void {},
    frame: () => frame,
    put(buffer, start, end, at): number {
      at = copy(buffer, start, end, append(buffer, at, head));
      buffer[at] = NEWLINE;
      return at + 1;
    },
  };
}

/** Who wrote a line. */
export interface Author {
  readonly service: string;
  readonly stream: "stdout" | "stderr";
  readonly pid: number;
}

/**
 * A JSON object a line, with time, service, stream, pid and message. A message that is a JSON object itself stays
 * one; any other becomes a string, with U+FFFD for what is not UTF-8. A part that more follows is marked `partial`.
 */
export function objectForm({ service, stream, pid }: Author): Form {
  const origin = JSON.stringify({ service, stream, pid }).slice(1, -1);
  const tail = encoder.encode('"}\n');
  const partTail = encoder.encode('","partial":true}\n');
  return framed((time) => ({
    head: encoder.encode(`{"time":"${time.toISOString()}",${origin},"message":"`),
    tail,
    fits: "plain",
  }), ({ head }, buffer, start, end, at, piece) => {
    at = append(buffer, at, head);
    if (piece === "whole" && isObject(buffer, start, end)) {
      return append(buffer, copy(buffer, start, end, at - 1), tail.subarray(1));
    }
    return append(buffer, putText(buffer, start, end, at), piece === "part" ? partTail : tail);
  });
}

/**
 * What Docker's `json-file` driver writes: an object a line, in which `log` is the line with its end. A part that
 * more follows has none.
 */
export function dockerForm(stream: "stdout" | "stderr"): Form {
  const head = encoder.encode('{"log":"');
  const lineEnd = "\\n";
  return framed((time) => ({
    head,
    tail: encoder.encode(
      `${lineEnd}","stream":"${stream}","time":"${time.toISOString().replace("Z", "000000Z")}"}\n`,
    ),
    fits: "plain",
  }), ({ tail }, buffer, start, end, at, piece) => {
    at = putText(buffer, start, end, append(buffer, at, head));
    return append(buffer, at, piece === "part" ? tail.subarray(lineEnd.length) : tail);
  });
}

/** A form whose frame depends on the time alone, and is made anew only when that has changed. */
function framed(
  frameAt: (time: Date) => Frame,
  put: (frame: Frame, ...rest: Parameters<Form["put"]>) => number,
): Form {
  let ofMs = NaN;
  let frame: Frame;
  return {
    stamp(time): void {
      if (time.getTime() === ofMs) return;
      ofMs = time.getTime();
      frame = frameAt(time);
    },
    frame: () => frame,
    put: (...rest) => put(frame, ...rest),
  };
}

/** So few bytes are copied one by one in less time than a call that copies them all takes. */
const FEW = 16;

function append(buffer: Bytes, at: number, bytes: Bytes): number {
  if (bytes.length > FEW) buffer.set(bytes, at);
  else for (let i = 0; i < bytes.length; i++) buffer[at + i] = bytes[i]!;
  return at + bytes.length;
}

function copy(buffer: Bytes, start: number, end: number, at: number): number {
  buffer.copyWithin(at, start, end);
  return at + end - start;
}

/** How each character of ASCII stands in a JSON string. */
const ESCAPED = Array.from(
  { length: FIRST_BEYOND_ASCII },
  (_, code) => encoder.encode(JSON.stringify(String.fromCharCode(code)).slice(1, -1)),
);

/** Bytes that stand for themselves there. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => Number(ESCAPED[byte]?.length === 1));

/** Writes the bytes as they stand in a JSON string. */
function putText(buffer: Bytes, start: number, end: number, at: number): number {
  let out = at;
  const plain = plainUntil(buffer, start, end);
  out = copy(buffer, start, plain, out);
  for (let i = plain; i < end; i++) {
    const byte = buffer[i]!;
    if (PLAIN[byte] === 1) buffer[out++] = byte;
    else if (byte < FIRST_BEYOND_ASCII) out = append(buffer, out, ESCAPED[byte]!);
    else {
      const text = JSON.stringify(decoder.decode(buffer.subarray(start, end))).slice(1, -1);
      return at + encoder.encodeInto(text, buffer.subarray(at)).written;
    }
  }
  return out;
}

/** The words of the buffer that was looked at last, which is the same for every line. */
let words = new Int32Array(0);

/** How far the bytes stand for themselves in a JSON string: to the end, or somewhere before what does not. */
function plainUntil(buffer: Bytes, start: number, end: number): number {
  if (words.buffer !== buffer.buffer) words = new Int32Array(buffer.buffer, 0, buffer.byteLength >> 2);
  let at = start;
  while (at < end && (at & 3) !== 0) if (PLAIN[buffer[at++]!] === 0) return at - 1;
  for (; at + 4 <= end; at += 4) {
    const word = words[at >> 2]!;
    const quote = word ^ 0x22222222; // 0 where there is one
    const backslash = word ^ 0x5c5c5c5c;
    const special = word | (word - 0x20202020) | (quote - 0x01010101) | (backslash - 0x01010101);
    if ((special & 0x80808080) !== 0) return at; // one of the four at least: a borrow only comes from such a byte
  }
  return at;
}

/** Whether the bytes are a JSON object with nothing but blanks around it. */
function isObject(buffer: Bytes, start: number, end: number): boolean {
  while (start < end && isBlank(buffer[start]!)) start++;
  while (start < end && isBlank(buffer[end - 1]!)) end--;
  if (buffer[start] !== OPENING_BRACE || buffer[end - 1] !== CLOSING_BRACE) return false;
  try {
    JSON.parse(strictDecoder.decode(buffer.subarray(start, end)));
    return true;
  } catch {
    return false;
  }
}

/** A newline does not stand in a line. */
function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN;
}
