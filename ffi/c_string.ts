/** Strings and tables of strings as C wants them. */

const encoder = new TextEncoder();

/**
 * The bytes of `text` in UTF-8 with a NUL after them.
 *
 * @throws {TypeError} if the text holds a NUL itself, where C would see its end.
 */
export function cString(text: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  if (bytes.includes(0)) {
    throw new TypeError(`Cannot pass ${JSON.stringify(String(text))} on: it holds a NUL`);
  }
  const result = new Uint8Array(bytes.length + 1);
  result.set(bytes);
  return result;
}

/** A string as C wants it, and where it is: in one place as long as this object lives. */
export interface PlacedString {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: bigint;
}

/** A string that is passed on often. */
export function place(text: string | Uint8Array): PlacedString {
  const bytes = cString(text);
  return { bytes, address: Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)) };
}

/** A `char *[]` that ends in NULL. The strings stay alive as long as this object does. */
export interface CStringTable {
  readonly pointers: BigUint64Array<ArrayBuffer>;
  readonly strings: readonly PlacedString[];
}

/** A table of the strings, such as `argv`. Hold it until the call that it is passed to has returned. */
export function cStringTable(texts: readonly (string | Uint8Array | PlacedString)[]): CStringTable {
  const strings = texts.map((text) => typeof text === "object" && "bytes" in text ? text : place(text));
  const pointers = new BigUint64Array(strings.length + 1);
  strings.forEach(({ address }, i) => {
    pointers[i] = address;
  });
  return { pointers, strings };
}
