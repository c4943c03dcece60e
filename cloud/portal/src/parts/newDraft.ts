// Opens the form of a job with a draft that another page made.
import { toast, useI18n } from '@holdfast/kit'
import { useRouter } from 'vue-router'
import { keepNewDraft } from '../drafts.ts'
import type { Draft } from '../logic/draft.ts'
import { session } from '../session.ts'

export function useNewDraft() {
  const { t } = useI18n()
  const router = useRouter()

  /** A draft that the person has begun already stays as it is. `unkept` tells that the form is empty. */
  async function openDraft(draft: Draft, unkept: string): Promise<void> {
    const outcome = await keepNewDraft(session.person?.user_id ?? '', draft)
    if (outcome === 'other') toast(t('publish.draftKept'), { seconds: 15 })
    if (outcome === 'no_storage') toast(unkept, { seconds: 15 })
    await router.push('/publish/1')
  }

  return openDraft
}
