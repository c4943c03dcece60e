# The sentence of each error code, as a person reads it. Some are pinned by golden vectors.


## who is asking

invalid-token = Invalid token
token-expired = Your sign-in has expired. Sign in again.
session-ended = This sign-in has been ended. Sign in again.
proof-required = This tablet must prove that the sign-in was made on it. If this stays, sign in again.
invalid-credentials = The user name or the password is wrong.
account-locked = Too many wrong passwords. Try again later.
visit-over = This sign-in was begun in another browser, is over or took too long. Begin again.
identity-refused = The other service's answer was not accepted.
identity-taken = This account of the other service belongs to another account here, or you have linked another one of it.
last-way-in = You could not sign in any more without it. Ask an administrator for a code to set a password first.
sign-in-again = Sign in again, then repeat this within 15 minutes.
second-factor-required = This account takes a second step: a passkey, a code of the authenticator app or a recovery code. A page that does not ask for it has none; sign in at the portal.
second-factor-setup-required = Your work requires a second factor. Sign in at the portal to set up a passkey or an authenticator app.
second-factor-exists = You have this already. Turn the old one off before you set up another.
last-second-factor = Your work requires a second factor, and this is your only one. Add another first, or ask another administrator to remove it.
too-many-passkeys = You have as many passkeys as possible. Remove one that you no longer use.
passkey-wrong = The passkey was not accepted. Try again, or use a code.
code-wrong = The code is wrong.
code-over = This code was used already, is too old or was tried too often. Ask for a new one.
codes-off = Signing in by a code to your phone is not offered here.
push-off = Notifications on devices are not offered here.
phone-unknown = No account has this phone number. Register first; on your account page you can link the number.
password-only = The account of this number is more than a customer's. Sign in by its password.
providers-only = Only providers can accept orders
role-forbidden = Your role may not do this.
permission-missing = Your role does not include this work.
not-yours = This order is not yours.
revoked = This account has been revoked.
not-verified = Only a provider whom an administrator has verified may accept. Ask for it on your profile page.
device-closed = This tablet may no longer be used with this sign-in. Sign in again, or use another tablet.
device-in-use = Another person is still signed in on this tablet.
csrf-token-wrong = This page's sign-in is an old one. Load the page again.
foreign-page = This request does not come from a page of this site.
too-many-streams = Too many of your pages are open at once. Close another tab.

## what was asked

invalid-input = Some fields need correcting.
malformed-body = The body could not be read.
body-too-large = The body is too large.
body-too-slow = The body did not arrive in time.
file-kind-refused = Files of this kind are not taken here. Send a picture as JPEG, PNG or WebP; a certificate may also be a PDF.
file-not-plain = This file holds something else beside its picture or pages, such as a script or another file. Save it anew without that.
picture-unreadable = This file is damaged and cannot be opened.
picture-too-large = This picture has more than 52 million pixels, or far more than a photograph of its bytes. Make it smaller first.
too-many-files = You have handed in as many files as one person may. Try again tomorrow.
link-invalid = This link is not valid, or no longer so. Load the page anew.
not-found = There is nothing here.
method-not-allowed = This cannot be done here.
user-exists = This user name or email is taken.
role-exists = A role of this name already exists. Choose another name.
role-built-in = A built-in role can be neither changed nor removed. Make a custom role instead.
role-in-use = People still have this role. Give them another one first.
role-fixed = A provider's role stays as it is, and no one becomes a provider later: jobs, profile and tablets belong to it.
too-many-roles = No more roles are possible. Remove one that no one has.
stale-version = This has changed since you read it. Load it again, then make your change.
edge-exists = A node of this name already exists. Choose another name.
key-too-new = The next key is not known everywhere yet. Try again once it is trusted.
op-not-stopped = This entry does not wait for an operator.
enrolment-code-invalid = This enrolment code is unknown, used or expired.
enrolment-code-used = This node has used its code and is enrolled.

## orders

order-not-found = This order does not exist.
order-exists = An order with this id already exists.
order-already-accepted = Order has been accepted by another provider
order-not-approved = This order still waits for approval.
order-cancelled = This order has been cancelled.
order-rejected = This order was not approved.
wrong-state = The order's state does not allow this.
double-booked = You already have a job at that time. Give it back first, or choose another.
offered-to-others = This job is offered to certain providers for a time, and you are not one of them. Once that time is over, every provider can accept it.
too-many-open-jobs = You have as many open jobs as one provider may. Complete or give back one first.
too-many-acceptances = You have accepted as many jobs as one provider may in 24 hours.
too-many-withdrawals = You have given back as many jobs as one provider may in 24 hours. If you cannot do this one, ask an administrator to withdraw it.
too-many-open-orders = You have as many open orders as one customer may. Cancel one that you no longer need, or wait until one is done.
funds-not-held = Work starts once the customer's payment is held.
start-code-required = This job starts with the code that the customer reads out.
start-code-wrong = That is not the customer's start code.
start-code-locked = Too many wrong start codes. Wait a quarter of an hour, or ask the customer to look at the code again.
order-not-payable = This order cannot be paid now: it needs a provider, and it may not be cancelled.
amount-mismatch = This is not the amount that the order allows.
already-paid = This order has been paid already.
not-refundable = Nothing of this order can be sent back now.
refund-decided = This request has been decided already.
nothing-failed = No refund of this order has failed.
no-work-in-vain = This order has no case of work in vain by that provider.
terms-changed = The price of this cancel has changed. Nothing was done; look at it again.
fee-settled = A fee is set and taken back until an hour before it begins. This one is nearer, or in force.
too-many-fees = Twenty versions of this fee are to come already. Take one back first.
signature-wrong = The signature of this message is wrong.
too-many-incidents = You have sent five reports about this job already. It takes no more of them.
incident-not-found = This order has no report of more work by its provider under this number.
incident-answered = This report has been answered already.
own-proposal = You proposed this time yourself. The other person of the order answers it.
time-proposal-over = This proposal no longer stands. Look at the order again.
too-many-proposals = You have proposed another time for this order as often as one person may. Write a message instead.
contact-not-open = Customer and provider see each other's contact once the job is accepted, and until the work is complete.
no-phone-number = They have not entered a phone number.
too-many-number-reads = This number has been shown to you fifty times for this order, and is not shown again.
messages-not-open = Messages begin when the job is accepted.
messages-closed = Messages close 30 days after the end of an order. They can still be read.
messages-blocked = One of the two has blocked the other, so no messages are sent.
too-many-messages = You have sent as many messages about this order as one person may.
author-deleted = This was erased because its author deleted their account.
order-not-completed = An order can be reviewed once its work is complete.
order-unpaid = This work is not paid for yet. It can be reviewed once it is.
already-reviewed = This order has been reviewed already.
review-fixed = This review can no longer be changed: its provider has replied, or its time for changes is over.
own-review = This review is your own, or about your own work.
order-cancelled-meanwhile = The order was cancelled before this arrived.
order-rejected-meanwhile = The order was not approved before this arrived.
command-id-reused = This command id has been used for something else.
region-assigning-offline = This region assigns its orders at its own node, which is out of reach.
region-taken-back = The node's promise does not hold: an operator took back its right to assign.
holder-restored = The node's promise does not hold: the node was restored from an older copy, which ended its right to assign.
holder-cloned = The node's promise does not hold: two copies of the node were running.
holder-disabled = The node's promise does not hold: an operator had disabled the node.
right-renewed = The node's promise does not hold: its orders differed from the cloud's, so its right to assign was granted anew.
right-ended = The node's promise does not hold: its right to assign ended in a way that only a newer version knows.
acceptance-not-arrived = Your acceptance stands only at the region's own node so far. Do this there, or try again once that node is connected.
edge-epoch-ended = This epoch of the node has ended. Name its present one.

## what an edge may doubt

looks-taken = This order looks taken; the cloud decides.
looks-wrong-state = The order looks to be in another state; the cloud decides.
looks-not-yours = This order looks like another's; the cloud decides.
looks-unpaid = Stored at this node. As far as it knows, the customer's payment is not held, so the cloud will not take this. Do not go on with the work.
looks-double-booked = Stored at this node. You already have a job at that time, so the cloud will not take this unless that job ends first.
looks-offered = Stored at this node. The job is offered to certain providers for a time, and you are not one of them. The cloud takes this only if that time is over when it decides.
region-held-elsewhere = Stored at this node. Another node assigns the orders of this region and decides your acceptance, so do not start yet.

## the machine

storage-full = The regional node's disk is full. Nothing was stored. Try again later.
photo-room-full = The regional node has no room for another photo until it has sent some to the cloud. The photo stays on this device and follows later.
photo-not-named = No job of yours names this photo here.
photo-damaged = This photo arrived changed. It is sent again.
unknown-op = This version does not know the command.
gate-closed = An operator has closed the region's gate.
protocol-unsupported = The two sides share no protocol version.
edge-unknown = This node is not enrolled.
edge-clock-wrong = The clock of this node is wrong: its token is not of this time. The answer says what time it is.
session-superseded = A newer session of this node has taken over.
edge-twin = Another instance of this node is at work; this one is a copy. Enrol it anew under a name of its own.
edge-disabled = An operator has disabled this node. It is let in again with a new enrolment code.
edge-not-trusted = This came from a regional node that was no longer trusted when it sent it. Do it again at another node or in the portal.
edge-needs-operator = This node was restored too often today. An operator has to let it in.
certificate-name-refused = The cloud's certificate authority may not certify this name for this node.
certificate-request-invalid = This is not a request for a certificate that the cloud can sign.
chain-broken = The log does not continue the part that was received.
rate-limited = Too Many Requests: you have asked too often. Wait a little and try again.
registration-quota = Too many accounts were made from this address today. Try again tomorrow.
too-many-requests = Too Many Requests
newcomers-wait = This regional node has little room left and keeps it for people whose work the cloud has confirmed before. Nothing was stored. Try again once the node has reached the cloud.
unavailable = This part of the service is out of reach. Try again shortly.
timed-out = This took too long. Try again.
issuer-away = The other service does not answer. Try again in a moment.
code-not-sent = The code could not be sent to your phone. Try again in a moment, or sign in by your password.
internal = Something went wrong on our side.
unrecognised = This answer comes from a newer version.
