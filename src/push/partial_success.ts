/**
 * What a collector did not take of a request that it accepted: to send it again is forbidden.
 *
 * @module
 */

/** No message of protocol buffers begins with this byte. */
const brace = 0x7b;

/**
 * Reads an `ExportMetricsServiceResponse`, in JSON or as protocol buffers, whatever it is called. What is none says nothing,
 * and its message is not read: it may repeat what was sent.
 *
 * @returns How many points were thrown away.
 */
export function rejectedPoints(answer: Uint8Array): number {
  try {
    const count = answer[0] === brace ? fromJson(answer) : fromProtobuf(answer);
    return count > 0 ? count : 0;
  } catch {
    return 0;
  }
}

function fromJson(answer: Uint8Array): number {
  const { partialSuccess } = JSON.parse(new TextDecoder().decode(answer)) as {
    partialSuccess?: { rejectedDataPoints?: unknown };
  };
  return Number(partialSuccess?.rejectedDataPoints);
}

/** Field 1 is the partial success, whose field 1 is the count. */
function fromProtobuf(answer: Uint8Array): number {
  const partial = fieldOf(answer, 1);
  const count = partial instanceof Uint8Array ? fieldOf(partial, 1) : undefined;
  return typeof count === "number" ? count : 0;
}

/** Finds a field of a message: a number, or the bytes of what has a length. */
function fieldOf(message: Uint8Array, wanted: number): number | Uint8Array | undefined {
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;; factor *= 0x80) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError("the message is cut short");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    let value: number | Uint8Array | undefined;
    if (wire === 0) value = varint();
    else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) throw new RangeError("the message is cut short");
      value = message.subarray(at, at += length);
    } else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else throw new RangeError("the message has groups");
    if (field === wanted) return value;
  }
  return undefined;
}
