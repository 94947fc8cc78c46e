/** Of programs that answer a line. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** Reads a stream to its end; what comes after `bytesMax` is let go. */
export async function readBounded(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    if (length < bytesMax) chunks.push(chunk.subarray(0, bytesMax - length));
    length += chunk.length;
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
