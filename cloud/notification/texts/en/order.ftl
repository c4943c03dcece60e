# What an inbox line about an order says, by event and by who reads it.

order-created-customer =
    .title = Order published
    .content = Your order “{ $title }” ({ $code }) is published and waits for approval.

order-created-admin =
    .title = An order waits for approval
    .content = The order { $code } in { $region } waits for an administrator's decision.

order-created-provider =
    .title = A job that may suit you
    .content = “{ $title }” ({ $code }) in { $region } for { $price } is published. It can be accepted once an administrator has approved it.

order-approved-customer =
    .title = Order approved
    .content = Your order “{ $title }” ({ $code }) is approved. Providers in { $region } can accept it now.

order-approved-provider =
    .title = A job that suits you
    .content = “{ $title }” ({ $code }) in { $region } for { $price } is open. The first provider who accepts it has it.

order-rejected-customer =
    .title = Order not approved
    .content = Your order “{ $title }” ({ $code }) was not approved.

order-accepted-customer =
    .title = Order accepted
    .content = A provider accepted your order “{ $title }” ({ $code }) for { $price }. Please pay so that the work can begin.

order-accepted-provider =
    .title = The job is yours
    .content = You have the job “{ $title }” ({ $code }) in { $region }. The customer pays { $price }; your share is that less the platform's fee. You can start once the payment is held.

order-accepted-later-customer =
    .title = Order accepted
    .content = A provider accepted your order “{ $title }” ({ $code }) for { $price }. The work can begin; this kind of work is paid for afterwards, and you may pay at any time.

order-accepted-later-provider =
    .title = The job is yours
    .content = You have the job “{ $title }” ({ $code }) in { $region }. You can start: this kind of work is paid for afterwards. The customer pays { $price }; your share is that less the platform's fee, once it is paid.

order-acceptance-lost-provider =
    .title = You did not get this job
    .content = You did not get the job “{ $title }” ({ $code }).

order-acceptance-closed-provider =
    .title = The order was closed first
    .content = Your node had promised you the job “{ $title }” ({ $code }), and its promise counts. An operator looks at the case.

order-acceptance-lost-admin =
    .title = A promise was overturned
    .content = A node had promised the order { $code } in { $region } to a provider, and the order was closed first. The case waits for an administrator.

order-acceptance-withdrawn-customer =
    .title = Your order is open again
    .content = An administrator withdrew your order “{ $title }” ({ $code }) from its provider. Other providers can accept it now.

order-acceptance-withdrawn-provider =
    .title = Job withdrawn
    .content = An administrator withdrew the job “{ $title }” ({ $code }) in { $region } from you; it is not yours any more.

order-held-provider =
    .title = You can start
    .content = The customer's payment for “{ $title }” ({ $code }) in { $region } is held. You can start the work.

order-started-customer =
    .title = The work has begun
    .content = The provider has begun the work on your order “{ $title }” ({ $code }).

order-given-back-customer =
    .title = Your order is open again
    .content = The provider has withdrawn from your order “{ $title }” ({ $code }). Other providers can accept it now.

order-cancelled-customer =
    .title = Order cancelled
    .content = Your order “{ $title }” ({ $code }) is cancelled.

order-cancelled-provider =
    .title = Job cancelled
    .content = The job “{ $title }” ({ $code }) in { $region } is cancelled; you need not go.

order-completed-customer =
    .title = Order completed
    .content = The work on “{ $title }” ({ $code }) is complete. Please review it.

order-completed-held-customer =
    .title = Order completed
    .content = The work on “{ $title }” ({ $code }) is complete. Please review it. If something is wrong, ask for a refund by { $until }; after that, the money goes to the provider.

order-completed-unpaid-customer =
    .title = Order completed
    .content = The work on “{ $title }” ({ $code }) is complete, and its price of { $price } is not paid yet. Please pay it now.

order-unpaid-customer =
    .title = Please pay for your order
    .content = The work on “{ $title }” ({ $code }) is complete, and its price of { $price } is not paid yet. Please pay it.

order-completed-provider =
    .title = Job completed
    .content = You completed “{ $title }” ({ $code }).

order-completed-held-provider =
    .title = Job completed
    .content = You completed “{ $title }” ({ $code }). Your share of its price of { $price } is released to you after { $until }, unless the customer objects before.

order-completed-unpaid-provider =
    .title = Job completed
    .content = You completed “{ $title }” ({ $code }). Its price of { $price } is not paid yet, and we ask the customer for it.

order-incident-late-customer =
    .title = Your provider is running late
    .content = The provider of “{ $title }” ({ $code }) is running late.

order-incident-nobody-home-customer =
    .title = Your provider found nobody
    .content = The provider of “{ $title }” ({ $code }) is there and found nobody.

order-incident-more-work-customer =
    .title = Your provider proposes more work
    .content = The provider of “{ $title }” ({ $code }) proposes more work, for { $extra }. Please answer on the order's page.

order-incident-other-customer =
    .title = Something happened at your order
    .content = The provider of “{ $title }” ({ $code }) reports that something happened. Its work goes on.

order-incident-agreed-provider =
    .title = The customer agreed to more work
    .content = The customer of “{ $title }” ({ $code }) agreed to more work for { $extra }. They pay it as an order of its own; this order and its price stay as they are.

order-incident-declined-provider =
    .title = The customer does not want more work
    .content = The customer of “{ $title }” ({ $code }) does not want more work for { $extra }. Do the work that was ordered.

order-offered-provider =
    .title = A job is offered to you
    .content = “{ $title }” ({ $code }), { $region }, { $price }, is offered to you until { $offer_end }. Accept it before then; afterwards every provider can.

order-time-proposed-customer =
    .title = Your provider proposes another time
    .content = The provider of “{ $title }” ({ $code }) proposes another time: { $other_time }. Please answer on the order's page.

order-time-proposed-provider =
    .title = Your customer proposes another time
    .content = The customer of “{ $title }” ({ $code }) proposes another time: { $other_time }. Please answer on the job's page.

order-time-declined-customer =
    .title = Your provider keeps the time
    .content = The provider of “{ $title }” ({ $code }) does not agree to { $other_time }. The order keeps its time.

order-time-declined-provider =
    .title = Your customer keeps the time
    .content = The customer of “{ $title }” ({ $code }) does not agree to { $other_time }. The job keeps its time.

order-rescheduled-customer =
    .title = Your provider agreed to the new time
    .content = The provider of “{ $title }” ({ $code }) agreed. Its new time is { $other_time }.

order-rescheduled-provider =
    .title = Your customer agreed to the new time
    .content = The customer of “{ $title }” ({ $code }) agreed. Its new time is { $other_time }.

order-message-unread-customer =
    .title = A message from your provider
    .content = The provider of “{ $title }” ({ $code }) wrote to you. Read it on the order's messages page.

order-message-unread-provider =
    .title = A message from your customer
    .content = The customer of “{ $title }” ({ $code }) wrote to you. Read it on the job's messages page.

order-message-reported-admin =
    .title = A message was reported
    .content = A message about the order { $code } in { $region } was reported. The case waits for an administrator.

## Sentences that follow the content where there is something to say

# Stands between two of them.
between = { " " }
reason-given = Reason: “{ $reason }”.
provider-writes = The provider writes: “{ $text }”.

## What a cancel costs, and what a job brings

cancel-free = There is no cancellation fee.
cancel-fee = The cancellation fee is { $fee }.
cancel-refund = { $refund } go back to you.
held-share = Your share is { $share }.

## How an acceptance was lost

lost-tapped = You tapped at { $tapped_at }.
lost-stored = It reached your regional node at { $edge_at }.
lost-won = The other acceptance was confirmed at { $winner_at }.
no-penalty = This brings you no penalty.

## Why a job is proposed

match-reasons = Why you: { $reasons }.
match-separator = { "; " }
match-serves-the-area = you work in this region
match-does-this-work = you do this kind of work
match-verified = you are verified
match-works-that-day = you work on that day
match-names-the-skill = the job names one of your skills
match-well-rated = customers rate you well
match-has-completed-jobs = you have completed jobs here

## Open jobs nearby

nearby-jobs = Open nearby: { $jobs }.
nearby-job = “{ $title }” ({ $code }), { $price }
nearby-separator = { "; " }
