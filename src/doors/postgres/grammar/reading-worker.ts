import { parentPort } from 'node:worker_threads'
import { type Grammar, loadGrammar } from './grammar.ts'
import type { FromReadingThread, Reading, ReadingResults } from './reading.ts'

// A thread that reads long texts, one at a time (reading-threads.ts).

function resultOf(grammar: Grammar, reading: Reading): ReadingResults[Reading['call']] {
  switch (reading.call) {
    case 'understand':
      return grammar.understand(reading.sql)
    case 'understandBody':
      return grammar.understandBody(reading.routine)
    case 'selectionOf':
      return grammar.selectionOf(reading.sql)
  }
}

function say(message: FromReadingThread): void {
  parentPort?.postMessage(message)
}

parentPort?.on('message', async (reading: Reading) => {
  const grammar = await loadGrammar(reading.major)
  say({ type: 'begun' })
  say({ type: 'read', result: resultOf(grammar, reading) })
})
