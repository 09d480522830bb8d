/** Each write to a socket costs more than copying a few small messages into one. */
const worthJoining = 32 * 1024

/** Messages as few writes. Those that came in one chunk stand back to back still, and are sent as they stand. */
export function together(messages: readonly Buffer[]): readonly Buffer[] {
  const [first] = messages
  if (first === undefined || messages.length === 1) return messages
  let bytes = 0
  let adjacent = true
  for (const message of messages) {
    adjacent &&= message.buffer === first.buffer && message.byteOffset === first.byteOffset + bytes
    bytes += message.length
  }
  if (adjacent) return [Buffer.from(first.buffer, first.byteOffset, bytes)]
  return bytes > worthJoining ? messages : [Buffer.concat(messages, bytes)]
}
