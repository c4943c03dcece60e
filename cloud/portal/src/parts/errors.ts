// Puts a problem into words: the server's sentence for the code, a way on for the person, and the trace.

import { toast, useFormats, useI18n } from '@holdfast/kit'
import type { LimitReached } from '@holdfast/kit/api.gen.ts'
import { Problem, UNREACHABLE } from '../api/problem.ts'

export interface Words { title: string; detail: string | undefined; next: string | undefined; trace: string | undefined }

export function useProblemWords() {
  const { t, te } = useI18n()
  const formats = useFormats()
  return (error: unknown): Words => {
    if (!(error instanceof Problem)) return { title: t('problem.unknown'), detail: undefined, next: t('problem.next.later'), trace: undefined }
    const key = `problem.next.${error.code}`
    const general = error.passes ? t('problem.next.later') : undefined
    return {
      title: error.code === UNREACHABLE ? t('problem.unreachable') : error.body.title ?? t('problem.unknown'),
      // Where no form shows them, the fields' own sentences stand here.
      detail: error.detail ?? (error.errors.length > 0 ? error.errors.map(one => one.message).join(' ') : undefined),
      next: frees(error) ?? (te(key) ? t(key) : general),
      trace: error.trace,
    }
  }

  /** When the limit in the way ends. */
  function frees(problem: Problem): string | undefined {
    const at = (problem.body['limit'] as LimitReached | undefined)?.frees_at
    return at ? t('problem.next.frees', { time: formats.value.date(Date.parse(at), 'full') }) : undefined
  }
}

/** Shows an error that belongs to no place on the page. */
export function useShownError() {
  const words = useProblemWords()
  return (error: unknown): void => {
    const { title, detail, next } = words(error)
    toast([title, detail ?? next].filter(Boolean).join(' '), { seconds: 12 })
  }
}
