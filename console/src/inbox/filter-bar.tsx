import { Checkbox, CloseButton, NativeSelect, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import type { RefObject } from 'react'
import type { HoldView } from '../api/types.ts'
import { counted, type InboxFilter } from './filter.ts'
import classes from './inbox.module.css'

interface FilterBarProps {
  readonly pending: readonly HoldView[]
  readonly filter: InboxFilter
  readonly onChange: (change: Partial<InboxFilter>) => void
  readonly search: RefObject<HTMLInputElement | null>
}

/** By words, and by what there is: a door or rule that holds nothing now is not offered. */
export function FilterBar({ pending, filter, onChange, search }: FilterBarProps) {
  return (
    <search className={classes.filters}>
      <TextInput
        ref={search}
        className={classes.filter ?? ''}
        aria-label="Filter held actions"
        placeholder="Filter by person, table, rule, statement"
        leftSection={<IconSearch size={16} aria-hidden="true" />}
        rightSection={
          filter.text === '' ? null : (
            <CloseButton size="sm" aria-label="Clear the filter" onClick={() => onChange({ text: '' })} />
          )
        }
        value={filter.text}
        onChange={(event) => onChange({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          onChange({ text: '' })
          event.currentTarget.blur()
        }}
      />
      <Choice
        name="Door"
        all="All doors"
        values={pending.map((hold) => hold.door)}
        value={filter.door}
        onChange={(door) => onChange({ door })}
      />
      <Choice
        name="Rule"
        all="All rules"
        values={pending.map((hold) => hold.rule.id)}
        value={filter.rule}
        onChange={(rule) => onChange({ rule })}
      />
      <Checkbox
        label="Mine to decide"
        checked={filter.mine}
        onChange={(event) => onChange({ mine: event.currentTarget.checked })}
      />
      <Checkbox
        label="Client waiting"
        checked={filter.waiting}
        onChange={(event) => onChange({ waiting: event.currentTarget.checked })}
      />
    </search>
  )
}

function Choice(props: {
  name: string
  all: string
  values: readonly string[]
  value: string
  onChange: (value: string) => void
}) {
  const found = counted(props.values)
  // What was chosen stays, also when nothing of it is left: otherwise the list would change under the reader.
  const isGone = props.value !== '' && !found.some(([value]) => value === props.value)
  return (
    <NativeSelect
      aria-label={props.name}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
      data={[
        { value: '', label: props.all },
        ...found.map(([value, count]) => ({ value, label: `${value} (${count})` })),
        ...(isGone ? [{ value: props.value, label: `${props.value} (0)` }] : []),
      ]}
    />
  )
}
