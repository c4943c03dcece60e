# What an inbox line about money says. The line leads to its order.

payment-completed-customer =
    .title = Payment received
    .content = Your payment of { $amount } is held in custody until the work is done.

payment-failed-customer =
    .title = Payment failed
    .content = Your payment of { $amount } did not go through, and no money was taken. Please try again.

refund-processed-customer =
    .title = Money on its way back
    .content = { $amount } go back to you by the way you paid.

payment-released-provider =
    .title = Money released
    .content = { $amount } for your work are released to you, and go out with your next payout.
