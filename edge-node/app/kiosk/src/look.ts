// The aids of one visit, on the document, where the tokens read them.
import { visit } from './visit.ts'

export function showLook(): void {
  const root = document.documentElement
  const { isLarge, hasContrast, isLow } = visit.look
  root.toggleAttribute('data-elder', isLarge)
  root.toggleAttribute('data-low', isLow)
  if (hasContrast) root.dataset.contrast = 'more'
  else delete root.dataset.contrast
}
