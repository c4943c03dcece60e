// The stories of a customer, a provider, a moderator and an operator on a real platform, each from the first page to the
// last with NORTH cut off in the middle, and two ways back into an account; in both languages.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { LANGUAGES } from '../browser.mjs'
import { OF_FEW_PEOPLE } from '../platform.mjs'
import { openStage, SETTLES_AT_ONCE } from '../scenes.mjs'
import { playCustomer } from '../stories/customer.mjs'
import { playModerator } from '../stories/moderator.mjs'
import { playOperator } from '../stories/operator.mjs'
import { playProvider } from '../stories/provider.mjs'
import { playForgotten, playLostFactor } from '../stories/wayBack.mjs'
import { othersOn } from '../storyboard.mjs'

/** A page without a session, a wrong password and a wrong code. */
const EXPECTED = /status of 401/
const mails = mkdtempSync(join(tmpdir(), 'holdfast-mails-'))
let platform, play, close, others

before(async () => {
  const environment = { ...OF_FEW_PEOPLE, ...SETTLES_AT_ONCE, HOLDFAST__NOTIFICATION__MAIL_URL: `folder:${mails}` }
  const stage = await openStage((gateway) => ({ ...environment, HOLDFAST__NOTIFICATION__PORTAL_URL: gateway }));
  ({ platform, play, close } = stage)
  others = othersOn(platform)
})

after(async () => {
  await close?.()
  rmSync(mails, { recursive: true, force: true })
})

// A story that fails must not leave the next one cut off.
afterEach(() => others.setNorth('open'))

/** The operator's come first: an alarm of the cuts of another story would hide theirs. */
const STORIES = {
  'an operator reads the status, drills, hears the alarm and its end, and finds it all on record': playOperator,
  'a new customer goes from the registration to a review': playCustomer,
  'a new provider goes from the registration to the earnings and a reply': playProvider,
  'a moderator approves, verifies, answers a case and hides a review': playModerator,
  'a forgotten password is replaced by the code of an admin': playForgotten,
  'an admin who lost the second factor is let in by another admin': playLostFactor,
}

for (const [claim, story] of Object.entries(STORIES)) {
  for (const lang of LANGUAGES) {
    test(`${claim} in ${lang}`, () => play((stage) => story(lang, { ...stage, platform, others, mails }), EXPECTED))
  }
}
