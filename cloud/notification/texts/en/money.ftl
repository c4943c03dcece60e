# What an inbox line about money says. The line leads to its order.

payment-completed-customer =
    .title = Payment received
    .content = Your payment of { $amount } is held. It goes to the provider when the work is complete and the time for objections is over.

payment-returning-customer =
    .title = Payment goes back
    .content = We received { $amount }, which the order cannot take: it is cancelled, it was paid before, or its price is another. { $returning } go back to you.

payment-failed-customer =
    .title = Payment failed
    .content = Your payment of { $amount } did not go through, and no money was taken. If you still want the order, please pay again.

refund-processed-customer =
    .title = Money sent back
    .content = { $amount } have been sent back to you.

payment-released-provider =
    .title = Money released
    .content = Your share of { $amount } is released to you, and goes out with your next payout.

payment-cancel-fee-provider =
    .title = Cancellation fee booked
    .content = { $amount } are yours for the late cancel, and go out with your next payout.

payment-charged-back-customer =
    .title = Payment taken back
    .content = { $amount } of your payment were taken back through your bank. The order waits until that is settled.

payment-charged-back-provider =
    .title = Do not start yet
    .content = { $amount } of the customer's payment were taken back through their bank and are no longer held. Do not start the work.

payment-charged-back-admin =
    .title = A payment was taken back
    .content = { $amount } of a payment were taken back through the customer's bank. The case waits for an administrator.

payout-sent-provider =
    .title = Payout sent
    .content = { $amount } from your balance have been sent to you.

payout-failed-provider =
    .title = Payout failed
    .content = Your payout of { $amount } did not reach you. The money is back in your balance and goes out with your next payout.

refund-requested-admin =
    .title = A refund is requested
    .content = A customer asks for a refund of { $amount }. The request waits for an administrator's decision.

refund-requested-provider =
    .title = A refund is requested
    .content = The customer asks for { $amount } back. An administrator decides. Until then nothing of this order is released to you.

refund-granted-provider =
    .title = A refund is granted
    .content = { $amount } of the payment go back to the customer. Your share is counted from what is left.

refund-refused-customer =
    .title = Your refund is not granted
    .content = Your request for { $amount } back was not granted. The money goes to the provider when the work is complete and the time for objections is over.

refund-refused-provider =
    .title = The refund is not granted
    .content = The customer's request for { $amount } back was not granted. Your share is released when the work is complete and the time for objections is over.

payment-case-admin =
    .title = A case about money waits
    .content = { $why } The price of the order is { $amount }. The case waits for an administrator.

## What a case about money is about

money-case-extra-payment = A payment came that the order cannot take.
money-case-wrong-amount = A payment came that is not the price of its order.
money-case-refund-failed = A refund did not go through.
money-case-chargeback-reversed = A chargeback was reversed.
money-case-unanswered = The payment service has left a movement open for a day.
money-case-completed-unpaid = An order was completed two weeks ago and is not paid.
money-case-fee-shortfall = A provider got less than the agreed fee of a late cancel.
money-case-adapter-differs = The payment service contradicts what it had called final.
money-case-other = The money of an order needs your attention.
