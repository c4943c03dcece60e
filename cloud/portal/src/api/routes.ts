// One function for each route of the gateway that a page asks.

import type { AccountState, Action, AddressForm, AssignmentBody, CancelFeeForm, CancelForm, CaptionForm, CaseState, CertificationForm, CompensationForm, DeliveryState, FactorProofForm, GateState, GoodwillForm, GrantForm, JobOfferForm, KeptMethodForm, LetterForm, ModerationForm, NewPasskeyForm, OccurrencesForm, Order, OrderForm, OrderStatus, OwnProofForm, PaidOtherwiseForm, PasswordForm, PasswordResetForm, PaymentForm, PhotoRef, PlatformFeeForm, PreferencesForm, ProfileForm, PushDeviceForm, ReceiptCancelForm, RefundForm, Region, RegisterForm, ReplayForm, ReviewForm, ReviewRevision, ReviewStanding, RoleForm, RoleGift, TimeProposalForm, VerificationRejection, VerificationState, VisitForm, WaitingOpState } from '@holdfast/kit/api.gen.ts'
import type { OpenQuery, OrdersQuery } from '../logic/orderFilters.ts'
import type { OrderSort, ReviewSort } from '../logic/sorts.ts'
import { ask, type AnswerOf } from './ask.ts'
import { query as queryOf } from './client.ts'
import { type Leaving, upload } from './upload.ts'

type Asking = AbortSignal | undefined
export interface ListRequest { status?: OrderStatus; region?: Region; code?: string; sort?: OrderSort; cursor?: string; limit?: number }

export const register = (body: RegisterForm) => ask('post', '/api/v1/auth/register', { body })
export const sessions = (cursor?: string, signal?: Asking) => ask('get', '/api/v1/auth/sessions', { query: { limit: 50, cursor }, signal })
export const endSession = (id: string) => ask('delete', '/api/v1/auth/sessions/{id}', { path: { id } })
export const endOtherSessions = () => ask('delete', '/api/v1/auth/sessions/others', {})
export const devices = (signal?: Asking) => ask('get', '/api/v1/auth/devices', { signal })
export const labelDevice = (id: string, label: string) => ask('put', '/api/v1/auth/devices/{id}', { path: { id }, body: { label } })
export const endDevice = (id: string) => ask('delete', '/api/v1/auth/devices/{id}', { path: { id } })
export const askPasswordCode = (account: string) => ask('post', '/api/v1/auth/password-codes', { body: { account } })
export const redeemPasswordCode = (body: PasswordResetForm) => ask('post', '/api/v1/auth/password-reset', { body })
export const changePassword = (body: PasswordForm) => ask('post', '/api/v1/auth/password', { body })
export const ownDeletion = (signal?: Asking) => ask('get', '/api/v1/auth/deletion', { signal })
/** Without a password for a person who has none. */
export const askDeletion = (password?: string) => ask('post', '/api/v1/auth/deletion', { body: password === undefined ? {} : { password } })
export const undoDeletion = () => ask('delete', '/api/v1/auth/deletion', {})
export const factorState = (signal?: Asking) => ask('get', '/api/v1/auth/second-factor', { signal })
export const drawFactor = (proof: OwnProofForm) => ask('post', '/api/v1/auth/second-factor', { body: proof })
export const confirmFactor = (code: string) => ask('post', '/api/v1/auth/second-factor/confirm', { body: { code } })
export const renewRecoveryCodes = (proof: FactorProofForm) => ask('post', '/api/v1/auth/second-factor/recovery-codes', { body: proof })
export const turnFactorOff = (proof: FactorProofForm) => ask('post', '/api/v1/auth/second-factor/turn-off', { body: proof })
export const askPasskey = () => ask('post', '/api/v1/auth/second-factor/passkey', {})
export const askNewPasskey = (proof: OwnProofForm) => ask('post', '/api/v1/auth/second-factor/passkeys/begin', { body: proof })
export const addPasskey = (body: NewPasskeyForm) => ask('post', '/api/v1/auth/second-factor/passkeys', { body })
export const removePasskey = (id: string, proof: FactorProofForm) => ask('post', '/api/v1/auth/second-factor/passkeys/{id}/remove', { path: { id }, body: proof })
export const askPasskeyAtSignIn = (ticket: string) => ask('post', '/api/v1/auth/login/second-factor/passkey', { body: { ticket } })
export const askNewPasskeyAtSignIn = (ticket: string) => ask('post', '/api/v1/auth/login/second-factor/passkey/set-up', { body: { ticket } })
export const drawFactorAtSignIn = (ticket: string) => ask('post', '/api/v1/auth/login/second-factor/set-up', { body: { ticket } })
export const ownAccount = (id: string, signal?: Asking) => ask('get', '/api/v1/users/{id}/account', { path: { id }, signal })
export const ownAddress = (signal?: Asking) => ask('get', '/api/v1/auth/address', { signal })
export const changeAddress = (body: { email: string; password: string }) => ask('put', '/api/v1/auth/address', { body })
export const sendAddressCode = () => ask('post', '/api/v1/auth/address/code', {})
export const confirmAddress = (code: string) => ask('post', '/api/v1/auth/address/confirm', { body: { code } })
export const sitePage = (page: 'help' | 'terms' | 'privacy', signal?: Asking) => ask('get', '/api/v1/pages/{page}', { path: { page }, signal })
export const offeredIssuers = (signal?: Asking) => ask('get', '/api/v1/auth/oidc', { signal })
export const beginVisit = (name: string) => ask('post', '/api/v1/auth/oidc/{name}/begin', { path: { name } })
export const beginLink = (name: string, password: string) => ask('post', '/api/v1/auth/oidc/{name}/link', { path: { name }, body: { password } })
export const codesOffered = (signal?: Asking) => ask('get', '/api/v1/auth/codes', { signal })
export const sendCode = (phone: string) => ask('post', '/api/v1/auth/codes', { body: { phone } })
export const linkPhone = (body: { phone: string; code: string; password: string }) => ask('post', '/api/v1/auth/identities/phone', { body })
export const identities = (signal?: Asking) => ask('get', '/api/v1/auth/identities', { signal })
export const linkIdentity = (body: VisitForm) => ask('post', '/api/v1/auth/identities', { body })
export const unlinkIdentity = (id: string) => ask('delete', '/api/v1/auth/identities/{id}', { path: { id } })

export const myOrders = (query: ListRequest, signal?: Asking) => ask('get', '/api/v1/orders', { query: { limit: 100, ...query }, signal })
export const openOrders = (query: OpenQuery & { sort?: OrderSort; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/orders/available', { query: { limit: 100, ...query }, signal })
export const orderDays = (timeZone: string, signal?: Asking) => ask('get', '/api/v1/admin/orders/days', { query: { time_zone: timeZone }, signal })
export const allOrders = (query: OrdersQuery & { cursor?: string; sort?: Exclude<OrderSort, 'start'> }, signal?: Asking) => ask('get', '/api/v1/admin/orders', { query: { limit: 50, ...query }, signal })
/** Where the browser fetches the whole list as a file, under the cookie of the session. */
export const allOrdersAs = (kind: 'csv' | 'json', query: OrdersQuery) => `/api/v1/admin/orders/export.${kind}${queryOf({ ...query })}`

export const calendarFeed = (signal?: Asking) => ask('get', '/api/v1/calendar-feed', { signal })
export const makeCalendarFeed = () => ask('post', '/api/v1/calendar-feed', {})
export const endCalendarFeed = () => ask('delete', '/api/v1/calendar-feed', {})

export const order = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}', { path: { id }, signal })
export const paidAfterwards = (signal?: Asking) => ask('get', '/api/v1/orders/paid-afterwards', { signal }).then(answer => answer.items)
export const regionLinks = (signal?: Asking) => ask('get', '/api/v1/regions', { signal }).then(answer => answer.items)
export const timeline = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/timeline', { path: { id }, signal }).then(answer => answer.items)
export const orderPhotos = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/photos', { path: { id }, signal }).then(answer => answer.items)
/** Where the browser fetches the picture itself, under the cookie of the session. */
export const orderPhotoAt = (id: string, hash: string) => `/api/v1/orders/${encodeURIComponent(id)}/photos/${encodeURIComponent(hash)}`
export const sendJobPhoto = (id: string, hash: string, photo: Blob, leaving: Leaving) => upload<AnswerOf<'put', '/api/v1/orders/{id}/photos/{hash}'>>('PUT', orderPhotoAt(id, hash), photo, leaving)

/** What a customer gives to others, and what they see by it. The latter needs no sign-in. */
export const trackingReceipt = (id: string) => ask('get', '/api/v1/orders/{id}/tracking', { path: { id } })
export const track = (code: string, s: string, signal?: Asking) => ask('get', '/api/v1/track/{code}', { path: { code }, query: { s }, signal })

/** What the customer reads out when the provider stands at the door. */
export const startCode = (id: string) => ask('get', '/api/v1/orders/{id}/start-code', { path: { id } })

/** The other person of an order, from its acceptance until its completion. */
export const orderContact = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/contact', { path: { id }, signal })
/** Their whole number. Each showing is on record. */
export const contactNumber = (id: string) => ask('post', '/api/v1/orders/{id}/contact/call', { path: { id } })
export const numberShowings = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/contact/showings', { path: { id }, signal }).then(answer => answer.items)

/** What the two people of an order write to each other. */
export const messages = (id: string, cursor?: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/messages', { path: { id }, query: { limit: 50, cursor }, signal })
export const sendMessage = (id: string, message: { text: string; photo?: PhotoRef }, commandId: string) => ask('post', '/api/v1/orders/{id}/messages', { path: { id }, body: message, commandId })
/** Where the browser fetches the picture itself, under the cookie of the session. */
export const messagePhotoAt = (id: string, number: number) => `/api/v1/orders/${encodeURIComponent(id)}/messages/${number}/photo`
export const reportedPhotoAt = (id: string, number: number) => `/api/v1/admin/orders/${encodeURIComponent(id)}/messages/${number}/photo`
export const sendMessagePhoto = (id: string, number: number, photo: Blob, leaving: Leaving) => upload<AnswerOf<'put', '/api/v1/orders/{id}/messages/{number}/photo'>>('PUT', messagePhotoAt(id, number), photo, leaving)
export const markMessagesRead = (id: string, number: number) => ask('put', '/api/v1/orders/{id}/messages/read', { path: { id }, body: { number } })
export const blockMessages = (id: string, blocked: boolean) => ask('put', '/api/v1/orders/{id}/messages/block', { path: { id }, body: { blocked } })
export const reportMessage = (id: string, number: number, reason: string) => ask('post', '/api/v1/orders/{id}/messages/{number}/report', { path: { id, number }, body: { reason } })
export const reportedMessages = (id: string, cursor?: string, signal?: Asking) => ask('get', '/api/v1/admin/orders/{id}/messages', { path: { id }, query: { limit: 100, cursor }, signal })

export const publish = (body: OrderForm, commandId: string) => ask('post', '/api/v1/orders', { body, commandId })
/** The dates of a job that repeats, before it is published. */
export const occurrences = (body: OccurrencesForm, signal?: Asking) => ask('post', '/api/v1/orders/occurrences', { body, signal }).then(answer => answer.items)
export const seriesOf = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/series', { path: { id }, signal })
/** This order and the later ones of its series. */
export const cancelSeries = (id: string, commandId: string, reason?: string) =>
  ask('post', '/api/v1/orders/{id}/series/cancel', { path: { id }, body: reason === undefined ? {} : { reason }, commandId }).then(answer => answer.items)
/** A review is handed in with its words, by a route of its own; so are a report, its answer, another time and a message. */
export type OrderAction = Exclude<Action, 'review' | 'report' | 'answer' | 'reschedule' | 'message'>
export const act = (id: string, action: OrderAction, commandId: string, reason?: string, keepalive = false) =>
  ask('post', `/api/v1/orders/{id}/${action}`, { path: { id }, body: reason === undefined ? {} : { reason }, commandId, keepalive })
export const startWithCode = (id: string, start_code: string, commandId: string) => ask('post', '/api/v1/orders/{id}/start', { path: { id }, body: { start_code }, commandId })

export const answerIncident = (id: string, incident: string, agreed: boolean, commandId: string) =>
  ask('post', '/api/v1/orders/{id}/incidents/{incident}/answer', { path: { id, incident }, body: { agreed }, commandId })

/** Until then only those providers can accept the open job. */
export const offerOrder = (id: string, body: JobOfferForm) => ask('put', '/api/v1/orders/{id}/offer', { path: { id }, body })
export const withdrawOffer = (id: string) => ask('delete', '/api/v1/orders/{id}/offer', { path: { id } })

export const timeProposal = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/time-proposal', { path: { id }, signal })
export const proposeTime = (id: string, body: TimeProposalForm) => ask('post', '/api/v1/orders/{id}/time-proposal', { path: { id }, body })
export const takeBackTime = (id: string) => ask('delete', '/api/v1/orders/{id}/time-proposal', { path: { id } })
export const declineTime = (id: string, proposal: string) => ask('post', '/api/v1/orders/{id}/time-proposal/{proposal}/decline', { path: { id, proposal } })
export const agreeToTime = (id: string, proposal: string, commandId: string) =>
  ask('post', '/api/v1/orders/{id}/time-proposal/{proposal}/agree', { path: { id, proposal }, commandId })

export const cancellation = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/cancellation', { path: { id }, signal })
export const cancellationByReceipt = (code: string, s: string, signal?: Asking) => ask('get', '/api/v1/track/{code}/cancellation', { path: { code }, query: { s }, signal })
export const cancelByReceipt = (code: string, body: ReceiptCancelForm) => ask('post', '/api/v1/track/{code}/cancel', { path: { code }, body })
export const cancel = (id: string, body: CancelForm, commandId: string) => ask('post', '/api/v1/orders/{id}/cancel', { path: { id }, body, commandId })

/** Answers also where there is no review yet. */
export const orderPage = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/page', { path: { id }, signal })
export const submitReview = (body: ReviewForm) => ask('post', '/api/v1/reviews', { body })
export const reviseReview = (id: string, body: ReviewRevision) => ask('put', '/api/v1/reviews/{id}', { path: { id }, body })
export const handInReviewPicture = (file: File, leaving: Leaving) => upload<AnswerOf<'post', '/api/v1/reviews/images'>>('POST', '/api/v1/reviews/images', file, leaving)
export const reviewPictureAt = (id: string, image: string) => `/api/v1/reviews/${encodeURIComponent(id)}/images/${encodeURIComponent(image)}`
export const replyToReview = (id: string, text: string) => ask('put', '/api/v1/reviews/{id}/reply', { path: { id }, body: { text } })
export const voteHelpful = (id: string, is: boolean) => ask(is ? 'put' : 'delete', '/api/v1/reviews/{id}/helpful', { path: { id } })
export const reportReview = (id: string, reason: string) => ask('post', '/api/v1/reviews/{id}/report', { path: { id }, body: { reason } })
export const reviewsOf = (provider: string, sort?: ReviewSort, cursor?: string, signal?: Asking) => ask('get', '/api/v1/providers/{id}/reviews', { path: { id: provider }, query: { limit: 20, sort, cursor }, signal })
export const ownReviews = (cursor?: string, signal?: Asking) => ask('get', '/api/v1/users/me/reviews', { query: { limit: 100, cursor }, signal })
export const searchReviews = (q: string, provider_id: string, cursor?: string, signal?: Asking) => ask('get', '/api/v1/reviews/search', { query: { q, provider_id, limit: 20, cursor }, signal })
export const ratingOf = (provider: string, signal?: Asking) => ask('get', '/api/v1/providers/{id}/rating', { path: { id: provider }, signal })
export const reviewsAtDesk = (query: { state?: ReviewStanding; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/admin/reviews', { query: { limit: 50, ...query }, signal })
export const reportedReview = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/reviews/{id}', { path: { id }, signal })
export const moderateReview = (id: string, act: 'hide' | 'restore', body: ModerationForm) => ask('post', `/api/v1/reviews/{id}/${act}`, { path: { id }, body })
export const publicProvider = (id: string, signal?: Asking) => ask('get', '/api/v1/providers/{id}/profile', { path: { id }, signal })

/** The names of at most fifty people. */
export const peopleNames = (ids: readonly string[]) => ask('get', '/api/v1/admin/names', { query: { ids: ids.join(',') } }).then(answer => answer.items)

export const inbox = (query: { time_zone?: string; unread?: 1; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/notifications', { query: { limit: 50, ...query }, signal })
export const markRead = (id: string) => ask('put', '/api/v1/notifications/{id}/read', { path: { id } })

export const pushState = (signal?: Asking) => ask('get', '/api/v1/push', { signal })
export const pushDevices = (signal?: Asking) => ask('get', '/api/v1/push/devices', { signal })
export const registerPushDevice = (body: PushDeviceForm) => ask('post', '/api/v1/push/devices', { body })
export const endPushDevice = (id: string) => ask('delete', '/api/v1/push/devices/{id}', { path: { id } })
export const noticeWishes = (signal?: Asking) => ask('get', '/api/v1/notifications/preferences', { signal })
export const writeNoticeWishes = (body: PreferencesForm) => ask('put', '/api/v1/notifications/preferences', { body })

export const profile = (signal?: Asking) => ask('get', '/api/v1/users/me/profile', { signal })
export const writeProfile = (body: ProfileForm) => ask('put', '/api/v1/users/me/profile', { body })
export const addresses = (signal?: Asking) => ask('get', '/api/v1/users/me/addresses', { signal })
export const addAddress = (body: AddressForm) => ask('post', '/api/v1/users/me/addresses', { body })
export const editAddress = (id: string, body: AddressForm) => ask('put', '/api/v1/users/me/addresses/{id}', { path: { id }, body })
export const removeAddress = (id: string, version: number) => ask('delete', '/api/v1/users/me/addresses/{id}', { path: { id }, query: { version } })
export const setPhoto = (file: File, leaving: Leaving) => upload<AnswerOf<'put', '/api/v1/users/me/photo'>>('PUT', '/api/v1/users/me/photo', file, leaving)
export const removePhoto = () => ask('delete', '/api/v1/users/me/photo', {})
export const addPicture = (file: File, caption: string, leaving: Leaving) => upload<AnswerOf<'post', '/api/v1/users/me/pictures'>>('POST', '/api/v1/users/me/pictures', file, leaving, { caption })
export const captionPicture = (id: string, body: CaptionForm) => ask('put', '/api/v1/users/me/pictures/{id}', { path: { id }, body })
export const removePicture = (id: string, version: number) => ask('delete', '/api/v1/users/me/pictures/{id}', { path: { id }, query: { version } })
export const handInDocument = (file: File, leaving: Leaving) => upload<AnswerOf<'post', '/api/v1/users/me/documents'>>('POST', '/api/v1/users/me/documents', file, leaving)
/** Where the browser reads a file, under the cookie of the session. */
export const fileAt = (id: string) => `/api/v1/files/${encodeURIComponent(id)}`
export const certify = (body: CertificationForm) => ask('put', '/api/v1/users/me/certifications', { body })
export const submitVerification = () => ask('post', '/api/v1/users/me/verification', { body: {} })

export const verifications = (query: { state?: VerificationState; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/admin/verifications', { query: { limit: 50, ...query }, signal })
export const provider = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/providers/{id}', { path: { id }, signal })
/** As the notification service asks when the order is approved: the day is the one in UTC. */
export const providerMatches = ({ location, service_type, title, description, service_start_time, service_end_time }: Order, signal?: Asking) => ask('get', '/api/v1/admin/matches', {
  query: { region: location, service_type, text: `${title}\n${description}`, ...(service_start_time ? { day: service_start_time.slice(0, 10), service_start_time } : {}), ...(service_end_time ? { service_end_time } : {}) }, signal,
})
export const decideVerification = (id: string, decision: 'verify' | 'reject', body: VerificationRejection) => ask('post', `/api/v1/admin/providers/{id}/${decision}`, { path: { id }, body })

export const permissions = (signal?: Asking) => ask('get', '/api/v1/auth/permissions', { signal })
export const people = (query: { search?: string; role?: number; state?: AccountState; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/admin/users', { query: { limit: 50, ...query }, signal })
export const person = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/users/{id}', { path: { id }, signal })
export const giveRole = (id: string, body: RoleGift) => ask('put', '/api/v1/admin/users/{id}/role', { path: { id }, body })
export const judgePerson = (id: string, judgement: 'revoke' | 'readmit', reason: string) => ask('post', `/api/v1/admin/users/{id}/${judgement}`, { path: { id }, body: { reason } })
export const givePasswordCode = (id: string, reason: string) => ask('post', '/api/v1/admin/users/{id}/password-reset', { path: { id }, body: { reason } })
export const removeFactor = (id: string, reason: string) => ask('post', '/api/v1/admin/users/{id}/second-factor/remove', { path: { id }, body: { reason } })
export const personsSessions = (id: string, cursor?: string, signal?: Asking) => ask('get', '/api/v1/admin/users/{id}/sessions', { path: { id }, query: { limit: 50, cursor }, signal })
export const endPersonsSession = (id: string, session: string) => ask('delete', '/api/v1/admin/users/{id}/sessions/{session}', { path: { id, session } })
export const personsDevices = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/users/{id}/devices', { path: { id }, signal })
export const endPersonsDevice = (id: string, device: string) => ask('delete', '/api/v1/admin/users/{id}/devices/{device}', { path: { id, device } })
export const roles = (signal?: Asking) => ask('get', '/api/v1/admin/roles', { signal })
export const makeRole = (body: RoleForm) => ask('post', '/api/v1/admin/roles', { body })
export const changeRole = (id: number, body: RoleForm) => ask('put', '/api/v1/admin/roles/{id}', { path: { id }, body })
export const removeRole = (id: number, reason: string) => ask('delete', '/api/v1/admin/roles/{id}', { path: { id }, query: { reason } })

export const status = (signal?: Asking) => ask('get', '/api/v1/admin/status', { signal })
export const setGate = (region: Region, gate: GateState) => ask('put', '/api/v1/admin/regions/{region}', { path: { region }, body: { gate } })
export const compare = (region: Region) => ask('post', '/api/v1/admin/regions/{region}/comparison', { path: { region } })

export const cases = (state: CaseState, cursor?: string, signal?: Asking) => ask('get', '/api/v1/admin/cases', { query: { state, limit: 100, cursor }, signal })
export const caseById = (id: number, signal?: Asking) => ask('get', '/api/v1/admin/cases/{id}', { path: { id }, signal })
export const takeCase = (id: number) => ask('post', '/api/v1/admin/cases/{id}/take', { path: { id } })
export const closeCase = (id: number, reason: string) => ask('post', '/api/v1/admin/cases/{id}/close', { path: { id }, body: { reason } })
export const lostAcceptances = (cursor?: string, signal?: Asking) => ask('get', '/api/v1/admin/lost-acceptances', { query: { limit: 100, cursor }, signal })
export const firmAnswers = (query: { region?: Region; edge?: string; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/admin/firm-answers', { query: { limit: 100, ...query }, signal })
export const answers = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/commands/{id}', { path: { id }, signal }).then(answer => answer.items)

export const cutOffDays = (timeZone: string, signal?: Asking) => ask('get', '/api/v1/admin/cut-offs/days', { query: { time_zone: timeZone }, signal })
export const edges = (signal?: Asking) => ask('get', '/api/v1/admin/edges', { query: { limit: 200 }, signal })
export const invite = (edge: string, region: Region) => ask('post', '/api/v1/admin/edges', { body: { edge, region } })
export const readmit = (id: string) => ask('post', '/api/v1/admin/edges/{id}/readmit', { path: { id } })
export const leftBehind = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/edges/{id}/left-behind', { path: { id }, query: { limit: 200 }, signal })
export const queue = (query: { edge?: string; state?: WaitingOpState; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/admin/queue', { query: { limit: 200, ...query }, signal })
export const op = (edge: string, epoch: number, seq: number, signal?: Asking) => ask('get', '/api/v1/admin/ops/{edge}/{epoch}/{seq}', { path: { edge, epoch, seq }, signal })
export const retryOp = (edge: string, epoch: number, seq: number) => ask('post', '/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry', { path: { edge, epoch, seq } })
export const asks = (signal?: Asking) => ask('get', '/api/v1/admin/asks', { query: { limit: 200 }, signal })
export const retryAsk = (id: string) => ask('post', '/api/v1/admin/asks/{id}/retry', { path: { id } })

export const assignments = (signal?: Asking) => ask('get', '/api/v1/admin/assignments', { signal }).then(answer => answer.items)
export const assignment = (region: Region, signal?: Asking) => ask('get', '/api/v1/admin/assignments/{region}', { path: { region }, signal })
export const assign = (region: Region, body: AssignmentBody) => ask('put', '/api/v1/admin/assignments/{region}', { path: { region }, body })

export const paymentMethods = (signal?: Asking) => ask('get', '/api/v1/payments/methods', { signal })
export const keepPaymentMethod = (method: string, body: KeptMethodForm) => ask('put', '/api/v1/payments/methods/{method}', { path: { method }, body })
export const removePaymentMethod = (method: string) => ask('delete', '/api/v1/payments/methods/{method}', { path: { method } })
export const pay = (body: PaymentForm, commandId: string) => ask('post', '/api/v1/payments', { body, commandId })
export const payments = (order_id: string, signal?: Asking) => ask('get', '/api/v1/payments', { query: { order_id }, signal }).then(answer => answer.items)
export const payment = (id: string, signal?: Asking) => ask('get', '/api/v1/payments/{id}', { path: { id }, signal })
export const askBack = (body: RefundForm, commandId: string) => ask('post', '/api/v1/refunds', { body, commandId })
export const refundRequests = (order_id: string, signal?: Asking) => ask('get', '/api/v1/refunds', { query: { order_id }, signal }).then(answer => answer.items)
export const orderStatement = (id: string, signal?: Asking) => ask('get', '/api/v1/orders/{id}/statement', { path: { id }, signal }).then(answer => answer.items)
export const statements = (cursor?: string, signal?: Asking) => ask('get', '/api/v1/statements', { query: { limit: 100, cursor }, signal })
export const earningsOf = (id: string, signal?: Asking) => ask('get', '/api/v1/admin/providers/{id}/earnings', { path: { id }, signal }).then(answer => answer.items)
export const earnings = (signal?: Asking) => ask('get', '/api/v1/earnings', { signal }).then(answer => answer.items)

export const openRefunds = (cursor?: string, signal?: Asking) => ask('get', '/api/v1/admin/refunds', { query: { limit: 100, cursor }, signal })
export const grantRefund = (id: string, body: GrantForm) => ask('post', '/api/v1/admin/refunds/{id}/grant', { path: { id }, body })
export const refuseRefund = (id: string) => ask('post', '/api/v1/admin/refunds/{id}/refuse', { path: { id } })
export const moneyDesk = (order: string, signal?: Asking) => ask('get', '/api/v1/admin/orders/{id}/money', { path: { id: order }, signal })
export const refundAnew = (order: string, reason: string, commandId: string) => ask('post', '/api/v1/admin/orders/{id}/refund-anew', { path: { id: order }, body: reason ? { reason } : {}, commandId })
export const recordPaidOtherwise = (order: string, body: PaidOtherwiseForm, commandId: string) => ask('post', '/api/v1/admin/orders/{id}/paid-otherwise', { path: { id: order }, body, commandId })
export const giveGoodwill = (order: string, body: GoodwillForm, commandId: string) => ask('post', '/api/v1/admin/orders/{id}/goodwill', { path: { id: order }, body, commandId })
export const compensate = (order: string, body: CompensationForm, commandId: string) => ask('post', '/api/v1/admin/orders/{id}/compensation', { path: { id: order }, body, commandId })
export const closeMoneyCase = (id: number, reason: string) => ask('post', '/api/v1/admin/money-cases/{id}/close', { path: { id }, body: { reason } })
/** For everybody, without who set them. */
export const newestPlatformFees = (signal?: Asking) => ask('get', '/api/v1/platform-fees', { signal })
export const platformFees = (signal?: Asking) => ask('get', '/api/v1/admin/platform-fees', { signal })
export const newestCancelFees = (signal?: Asking) => ask('get', '/api/v1/cancel-fees', { signal })
export const cancelFees = (signal?: Asking) => ask('get', '/api/v1/admin/cancel-fees', { signal })
export const setPlatformFee = (body: PlatformFeeForm) => ask('post', '/api/v1/admin/platform-fees', { body })
export const setCancelFee = (body: CancelFeeForm) => ask('post', '/api/v1/admin/cancel-fees', { body })
export const takeBackFee = (kind: 'platform' | 'cancel', in_force_from: string) =>
  ask('delete', kind === 'platform' ? '/api/v1/admin/platform-fees/{in_force_from}' : '/api/v1/admin/cancel-fees/{in_force_from}', { path: { in_force_from } })
/** Books what the payment service's statement says, and compares after that. */
export const reconcile = (signal?: Asking) => ask('post', '/api/v1/payments/reconciliation', { signal })
export const moneyCases = (cursor?: string, signal?: Asking) => ask('get', '/api/v1/admin/money-cases', { query: { limit: 100, cursor }, signal })

export const acts = (query: { by?: string; change?: string; since?: string; until?: string; cursor?: string; limit?: number }, signal?: Asking) => ask('get', '/api/v1/admin/acts', { query: { limit: 50, ...query }, signal })
export const deliveries = (query: { state?: DeliveryState; cursor?: string }, signal?: Asking) => ask('get', '/api/v1/admin/deliveries', { query: { limit: 50, ...query }, signal })

export const letterBoxes = (signal?: Asking) => ask('get', '/api/v1/admin/letters', { signal })
export const letters = (name: string, signal?: Asking) => ask('get', '/api/v1/admin/letters/{name}', { path: { name }, query: { limit: 200 }, signal }).then(answer => answer.items)
export const redriveLetters = (name: string, body: LetterForm) => ask('post', '/api/v1/admin/letters/{name}/redrive', { path: { name }, body })
export const dropLetters = (name: string, body: LetterForm) => ask('post', '/api/v1/admin/letters/{name}/drop', { path: { name }, body })
export const replays = (signal?: Asking) => ask('get', '/api/v1/admin/replays', { signal })
export const askReplay = (body: ReplayForm) => ask('post', '/api/v1/admin/replays', { body })
