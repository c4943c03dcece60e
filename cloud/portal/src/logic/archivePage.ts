// The page of an archive: all of it to read, in one file without scripts. `markup` escapes all
// values.

import { say } from '@holdfast/kit/i18n.ts'
import type { Certification, OwnCustomer, OwnProvider } from '@holdfast/kit/api.gen.ts'
import { type Archive, isAuthor } from './archive.ts'
import { type ArchiveWords, type Fact, factsTable, fileOf, list, said } from './archiveMarkup.ts'
import { moneyOfAccount, ordersOf } from './archiveOrders.ts'
import type { ArchiveTexts } from './archiveTexts.ts'
import { type Markup, markup } from './markup.ts'
import { actOf, isProvider, standingOf, WEEKDAYS } from './profile.ts'

interface Section { id: string; title: string; body: Markup }

export function pageOf(archive: Archive, drawnAt: number, words: ArchiveWords): string {
  const { texts } = words
  const title = say(texts.title, { name: archive.profile.full_name || archive.person.username || archive.person.user_id })
  const sections = sectionsOf(archive, words)
  const page = markup`<!doctype html>
<html lang="${words.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; frame-src 'none'; connect-src 'none'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1 dir="auto">${title}</h1>
<p>${say(texts.drawn, { time: words.time(drawnAt), zone: words.zone })} ${texts.json}</p>
<h2 id="gaps">${texts.gaps}</h2>
${gapsOf(archive, words)}
<nav aria-label="${texts.contents}"><ul>${sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main>
${sections.map(({ id, title, body }) => markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${body}
</section>
`)}</main>
</body>
</html>
`
  return page.text
}

function gapsOf({ gaps, person }: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  const missing = [...gaps.map(words.gap), ...(person.role === 'admin' ? [words.t('yourData.shared')] : [])]
  return missing.length === 0 ? markup`<p>${texts.whole}</p>` : list(missing.map(one => markup`${one}`), words)
}

function sectionsOf(archive: Archive, words: ArchiveWords): Section[] {
  const { texts } = words
  const { profile, person } = archive
  const section = (id: Exclude<keyof ArchiveTexts, 'part' | 'gap'>, body: Markup): Section => ({ id, title: texts[id], body })
  const written = archive.reviews.filter(review => isAuthor(person, review))
  const received = archive.reviews.filter(review => !isAuthor(person, review))
  return [
    section('account', accountOf(archive, words)),
    section('profile', isProvider(profile) ? providerOf(archive, profile, words) : customerOf(archive, profile, words)),
    section('addresses', addressesOf(archive, words)),
    ...(isProvider(profile) ? [section('certificates', certificatesOf(archive, profile.certifications, words))] : []),
    ...(person.role === 'admin' ? [] : [section('orders', ordersOf(archive, words))]),
    ...(person.role === 'customer' ? [section('reviewsWritten', reviewsOf(archive, written, words))] : []),
    ...(person.role === 'provider' ? [section('reviewsReceived', reviewsOf(archive, received, words))] : []),
    ...(person.role === 'admin' ? [] : [section('money', moneyOfAccount(archive, words))]),
    ...(archive.inbox ? [section('inbox', inboxOf(archive.inbox, words))] : []),
    section('wishes', wishesOf(archive, words)),
    section('signIns', signInsOf(archive, words)),
  ]
}

function accountOf({ account, mail, person }: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  const address = mail.email && say(mail.is_confirmed ? texts.confirmed : texts.unconfirmed, { email: mail.email })
  const roles = (account.roles_given ?? []).map(({ at, was, became, reason }) => markup`${words.time(at)}: ${was ?? ''} → ${became ?? ''} – ${said(reason)}`)
  return factsTable([
    [texts.username, person.username ?? account.username], [texts.email, address], [texts.pending, mail.pending],
    [texts.role, markup`${words.t(`role.${account.role}`)}${account.role_name === account.role ? '' : markup` (${said(account.role_name)})`}`],
    [texts.registered, words.time(account.created_at)], [texts.id, account.user_id], [texts.roles, roles.length > 0 ? list(roles, words) : undefined],
  ])
}

function personFacts({ profile, files }: Archive, words: ArchiveWords): Fact[] {
  const { texts } = words
  return [
    [texts.name, profile.full_name && said(profile.full_name)], [texts.phone, profile.phone_number], [texts.bio, profile.bio && said(profile.bio)],
    [texts.photo, profile.photo && fileOf(files.find(({ id }) => id === profile.photo)?.path, texts.photo, words)], [texts.photoElsewhere, profile.profile_picture_url],
    [texts.registered, words.time(profile.created_at)], [texts.updated, words.time(profile.updated_at)],
  ]
}

function customerOf(archive: Archive, { date_of_birth, preferences }: OwnCustomer, words: ArchiveWords): Markup {
  const { texts } = words
  const wishes = [
    ...(preferences.location ? [words.t(`region.${preferences.location}`)] : []), ...(preferences.service_types ?? []).map(one => words.t(`service.${one}`)),
    ...(preferences.language ? [preferences.language] : []), ...(preferences.currency ? [preferences.currency] : []),
  ]
  return factsTable([...personFacts(archive, words), [texts.born, date_of_birth && words.day(date_of_birth)], [texts.preferences, wishes.join(', ')]])
}

function providerOf(archive: Archive, profile: OwnProvider, words: ArchiveWords): Markup {
  const { texts } = words
  const hours = WEEKDAYS.flatMap(day => (profile.availability[day]?.length ? [markup`${words.t(`weekday.${day}`)}: ${profile.availability[day].join(', ')}`] : []))
  const days = profile.exceptions.map(({ day, hours }) => markup`${words.day(day)}: ${hours?.length ? hours.join(', ') : texts.free}`)
  const steps = profile.verification.steps.map(step => markup`${words.time(step.at)}: ${words.t(`verification.act.${actOf(step)}`)}${step.reason ? markup` – ${said(step.reason)}` : ''}`)
  const work = profile.portfolio.map(({ title, description, finished_on }) => markup`${said(title)}${finished_on ? markup` (${words.day(finished_on)})` : ''}${description ? markup` – ${said(description)}` : ''}`)
  const pictures = profile.pictures.map(({ file_id, caption }) => markup`${fileOf(archive.files.find(({ id }) => id === file_id)?.path, caption, words)} ${said(caption)}`)
  const some = (items: readonly Markup[]) => (items.length > 0 ? list(items, words) : undefined)
  return factsTable([
    ...personFacts(archive, words),
    [texts.services, profile.service_categories.map(one => words.t(`service.${one}`)).join(', ')], [texts.areas, profile.service_areas.map(one => words.t(`region.${one}`)).join(', ')],
    [texts.skills, profile.skills.length > 0 ? said(profile.skills.join(', ')) : undefined], [texts.rate, profile.hourly_rate && words.money(profile.hourly_rate, 'CNY')],
    [texts.years, profile.experience_years], [texts.active, profile.is_active ? texts.yes : texts.no], [texts.hours, some(hours)], [texts.daysOff, some(days)],
    [texts.done, profile.completed_orders], [texts.rating, profile.total_reviews > 0 ? `${profile.rating_hundredths / 100} (${profile.total_reviews})` : undefined],
    [texts.verification, markup`${words.t(`verification.state.${standingOf(profile.verification)}`)}${some(steps) ?? ''}`],
    [texts.portfolio, some(work)], [texts.pictures, some(pictures)],
  ])
}

function addressesOf({ addresses }: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  return list(addresses.items.map(one => factsTable([
    [texts.label, one.label && said(one.label)], [texts.detail, said(one.detail)], [texts.place, [one.city, one.province].filter(Boolean).join(', ')],
    [texts.region, one.region && words.t(`region.${one.region}`)], [texts.recipient, one.recipient_name && said(one.recipient_name)], [texts.phone, one.phone_number],
    [texts.standard, one.is_default ? texts.yes : undefined],
  ])), words)
}

function certificatesOf({ files }: Archive, certifications: readonly Certification[], words: ArchiveWords): Markup {
  const { texts } = words
  return list(certifications.map(one => factsTable([
    [words.t('certificates.name'), said(one.name)], [texts.number, one.number], [texts.issuer, one.issuer && said(one.issuer)], [texts.until, one.valid_until && words.day(one.valid_until)],
    [texts.document, one.document ? fileOf(files.find(({ id }) => id === one.document)?.path, texts.document, words) : one.file_url],
  ])), words)
}

function reviewsOf({ files }: Archive, reviews: Archive['reviews'], words: ArchiveWords): Markup {
  const { texts } = words
  return list(reviews.map(review => markup`<p>${words.time(review.created_at)}${review.order_code ? ` · ${review.order_code}` : ''} · ${words.t('reviews.ofFive', { n: review.rating })}</p>
${review.comment ? markup`<blockquote>${said(review.comment)}</blockquote>` : ''}
<p>${(['professionalism', 'attitude', 'punctuality'] as const).map((name, n) => markup`${n > 0 ? ' · ' : ''}${words.t(`reviews.dimension.${name}`)}: ${review.dimensions[name]}`)}</p>
${review.images.map((image, n) => fileOf(files.find(({ id }) => id === image)?.path, say(texts.picture, { n: n + 1 }), words))}
${review.hidden_reason ? markup`<p>${say(texts.hidden, { reason: review.hidden_reason })}</p>` : ''}
${review.reply ? markup`<p>${texts.reply}, ${words.time(review.reply.at)}: ${said(review.reply.text)}</p>` : ''}`), words)
}

function inboxOf(inbox: NonNullable<Archive['inbox']>, words: ArchiveWords): Markup {
  return list(inbox.map(({ created_at, title, content }) => markup`${words.time(created_at)}: <strong>${said(title)}</strong> ${said(content)}`), words)
}

function wishesOf({ wishes }: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  const channels = (names: readonly ('email' | 'sms' | 'push')[]) => (names.length > 0 ? names.map(name => texts[`${name}_`]).join(', ') : texts.nothingSent)
  return factsTable([
    ...wishes.kinds.map((one): Fact => [words.t(`wishes.kind.${one.kind}`), channels(one.channels)]),
    [texts.quiet, wishes.quiet_hours && `${wishes.quiet_hours.from}–${wishes.quiet_hours.to}`], [texts.digest, wishes.digest_hour === null ? undefined : `${wishes.digest_hour}:00`],
    [texts.language, wishes.language], [texts.zone, wishes.time_zone],
  ])
}

function signInsOf({ sessions, devices, pushDevices, identities, factor }: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  const signedIn = sessions.map(one => markup`${say(texts.sinceUntil, { since: words.time(one.created_at), until: words.time(one.expires_at) })}${one.device ? markup` · ${one.device}` : ''}${one.region ? ` · ${words.t(`region.${one.region}`)}` : ''}${one.current ? ` · ${texts.here}` : ''}`)
  const tablets = devices.map(one => markup`${said(one.label)} (${one.tablet}): ${say(texts.firstLast, { first: words.time(one.first_seen_at), last: words.time(one.renewed_at) })}`)
  const notified = pushDevices.map(one => markup`${said(one.name)}: ${say(texts.pushSince, { time: words.time(one.created_at) })}`)
  const ways = identities.items.map(one => markup`${said(one.label)}: ${say(texts.linked, { time: words.time(one.linked_at) })}`)
  return factsTable([
    [texts.sessions, list(signedIn, words)], [texts.devices, list(tablets, words)], [texts.pushDevices, list(notified, words)], [texts.password, identities.has_password ? texts.yes : texts.no],
    [texts.identities, list(ways, words)], [texts.factor, factor && (factor.since ? words.time(factor.since) : texts.no)],
  ])
}

const STYLE = markup`
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "Noto Sans SC", sans-serif; }
body { max-inline-size: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1, h2, h3, h4 { line-height: 1.25; }
section, article { border-block-start: 1px solid; padding-block: 1rem; }
article { border-color: color-mix(in srgb, currentcolor 30%, transparent); }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1rem; padding: 0; list-style: none; }
dl { display: grid; gap: .3rem; margin: 0; }
dl > div { display: grid; grid-template-columns: minmax(8rem, 14rem) minmax(0, 1fr); gap: 0 1rem; }
section > ul { padding-inline-start: 1.2rem; } section > ul > li + li { margin-block-start: .75rem; }
dt { font-weight: 600; } dd { margin: 0; } dd > ul, dd > ol { margin: 0; padding-inline-start: 1.2rem; }
[dir="auto"] { white-space: pre-wrap; }
blockquote { margin: 0; border-inline-start: 4px solid; padding-inline-start: 1rem; }
img { max-inline-size: min(100%, 16rem); max-block-size: 12rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; inline-size: 100%; }
th, td { text-align: start; padding: .3rem .6rem; border-block-end: 1px solid; vertical-align: top; } .sum { text-align: end; white-space: nowrap; }
@media (max-width: 40rem) { dl > div { grid-template-columns: minmax(0, 1fr); } }
`
