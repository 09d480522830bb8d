import { Button, CloseButton, NativeSelect, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { type RefObject, useEffect, useState } from 'react'
import { useDoors } from '../api/queries.ts'
import { effectWords, verdictWords } from '../format/impact.ts'
import { longTime } from '../format/time.ts'
import { isFiltering, type TimelineFilter } from './filter.ts'
import classes from './timeline.module.css'

interface FilterBarProps {
  readonly filter: TimelineFilter
  readonly onFilter: (filter: TimelineFilter) => void
  readonly search: RefObject<HTMLInputElement | null>
}

/** Milliseconds without a keystroke before a search is made. */
const restFor = 300

export function FilterBar({ filter, onFilter, search }: FilterBarProps) {
  const doors = useDoors().data ?? []
  // What the address asks for is offered, too, whether there is such a door or not.
  const names = [...new Set([...doors.map((door) => door.name), ...(filter.door === undefined ? [] : [filter.door])])]
  const put = (name: keyof TimelineFilter, value: string) => {
    const { [name]: _, ...others } = filter
    onFilter(value === '' ? others : { ...others, [name]: value })
  }
  return (
    <search className={classes.filters}>
      <Words text={filter.text ?? ''} onText={(text) => put('text', text)} search={search} />
      <NativeSelect
        aria-label="Verdict"
        value={filter.verdict ?? ''}
        onChange={(event) => put('verdict', event.currentTarget.value)}
        data={[
          { value: '', label: 'All verdicts' },
          ...Object.entries(verdictWords).map(([value, { words }]) => ({ value, label: words })),
        ]}
      />
      <NativeSelect
        aria-label="Effect"
        value={filter.effect ?? ''}
        onChange={(event) => put('effect', event.currentTarget.value)}
        data={[{ value: '', label: 'All effects' }, ...Object.keys(effectWords)]}
      />
      <NativeSelect
        aria-label="Door"
        value={filter.door ?? ''}
        onChange={(event) => put('door', event.currentTarget.value)}
        data={[{ value: '', label: 'All doors' }, ...names]}
      />
      {filter.actor !== undefined && (
        <Chip words={`Actor ${filter.actor}`} name="the actor" clear={() => put('actor', '')} />
      )}
      {(filter.since !== undefined || filter.until !== undefined) && (
        <Chip
          words={`${filter.since === undefined ? '…' : longTime(filter.since)} to ${filter.until === undefined ? 'now' : longTime(filter.until)}`}
          name="the time"
          clear={() => {
            const { since: _, until: __, ...others } = filter
            onFilter(others)
          }}
        />
      )}
      {isFiltering(filter) && (
        <Button variant="subtle" size="compact-sm" onClick={() => onFilter({})}>
          Clear all
        </Button>
      )}
    </search>
  )
}

interface WordsProps {
  readonly text: string
  readonly onText: (text: string) => void
  readonly search: RefObject<HTMLInputElement | null>
}

/** Searches once the person rests: each search reads the record. */
function Words({ text, onText, search }: WordsProps) {
  const [typed, setTyped] = useState(text)
  useEffect(() => setTyped(text), [text])
  useEffect(() => {
    if (typed.trim() === text) return
    const timer = setTimeout(() => onText(typed.trim()), restFor)
    return () => clearTimeout(timer)
  }, [typed, text, onText])
  return (
    <TextInput
      ref={search}
      className={classes.search ?? ''}
      aria-label="Search actions"
      placeholder="Search statements, people, tables"
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      rightSection={
        typed === '' ? null : <CloseButton size="sm" aria-label="Clear the search" onClick={() => setTyped('')} />
      }
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}

function Chip({ words, name, clear }: { words: string; name: string; clear: () => void }) {
  return (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={`${words}: clear ${name}`}
      rightSection={<span aria-hidden="true">×</span>}
      onClick={clear}
    >
      {words}
    </Button>
  )
}
