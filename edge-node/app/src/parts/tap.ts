// Every tap that makes or changes a command goes through here: it says so when the tablet or the queue has no room for it.
import { toast, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import type { TabletCommand } from '../device/item.ts'
import type { Photo } from '../device/photo.ts'
import { tap, withdraw } from '../device/actions.ts'

/** False where the tablet's disk does not take the change. */
export function useChange() {
  const { t } = useI18n()
  return async (change: () => Promise<unknown>): Promise<boolean> => {
    try {
      await change()
      return true
    } catch {
      toast(t('app.full'), { seconds: 30 })
      return false
    }
  }
}

export function useTap() {
  const { t } = useI18n()
  return async (order: Order, body: TabletCommand, photos: readonly Photo[] = []): Promise<boolean> => {
    const result = body.type === 'withdraw_acceptance' ? await withdraw(order) : await tap(order, body, photos)
    if (result !== 'kept') toast(t(`app.${result}`), { seconds: 30 })
    return result === 'kept'
  }
}
