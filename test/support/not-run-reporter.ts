import type { Reporter, TestModule } from 'vitest/node'

/** Says at the end, by name, what could not run on this machine; the reason stands in the name. */
export default class NotRunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = modules.flatMap((module) => {
      return [...module.children.allTests('skipped')].map((test) => `${module.relativeModuleId} > ${test.fullName}`)
    })
    console.log(names.length === 0 ? 'Everything ran.' : `Not run (${names.length}):\n  ${names.join('\n  ')}`)
  }
}
