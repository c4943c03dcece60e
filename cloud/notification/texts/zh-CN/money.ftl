# What an inbox line about money says. The line leads to its order.

payment-completed-customer =
    .title = 付款已收到
    .content = 您的付款 { $amount } 已托管，完工且异议期结束后才会付给服务商。

payment-returning-customer =
    .title = 付款将退回
    .content = 我们收到 { $amount }，但订单无法收取：订单已取消、此前已付款，或金额与价款不符。其中 { $returning } 将退还给您。

payment-failed-customer =
    .title = 付款失败
    .content = 您的付款 { $amount } 未成功，未扣除任何款项。如仍需要此订单，请重新付款。

refund-processed-customer =
    .title = 退款已发出
    .content = { $amount } 已退还给您。

payment-released-provider =
    .title = 款项归您了
    .content = 您的应得款项 { $amount } 已归您，将随下一次打款转出。

payment-cancel-fee-provider =
    .title = 取消费用已入账
    .content = 因客户临近取消，{ $amount } 已归您，将随下一次打款转出。

payment-charged-back-customer =
    .title = 付款被追回
    .content = 您的付款中有 { $amount } 已通过银行追回，此事处理完毕前订单将暂停。

payment-charged-back-provider =
    .title = 请暂勿开工
    .content = 客户的付款中有 { $amount } 已通过银行追回，不再处于托管中，请勿开工。

payment-charged-back-admin =
    .title = 有付款被追回
    .content = 有付款中的 { $amount } 被客户通过银行追回，等待管理员处理。

payout-sent-provider =
    .title = 打款已发出
    .content = 您余额中的 { $amount } 已打款给您。

payout-failed-provider =
    .title = 打款失败
    .content = 您的打款 { $amount } 未能到账，款项已退回您的余额，将随下一次打款转出。

refund-requested-admin =
    .title = 有退款申请
    .content = 有客户申请退款 { $amount }，等待管理员审核。

refund-requested-provider =
    .title = 客户申请退款
    .content = 客户申请退回 { $amount }，由管理员决定。在此之前，该订单的款项不会归您。

refund-granted-provider =
    .title = 退款已批准
    .content = 付款中的 { $amount } 将退还给客户，您的应得款项按剩余金额计算。

refund-refused-customer =
    .title = 退款未获批准
    .content = 您退回 { $amount } 的申请未获批准。完工且异议期结束后，款项将付给服务商。

refund-refused-provider =
    .title = 退款未获批准
    .content = 客户退回 { $amount } 的申请未获批准。完工且异议期结束后，您的应得款项将归您。

payment-case-admin =
    .title = 有款项问题待处理
    .content = { $why }订单价款为 { $amount }，等待管理员处理。

## What a case about money is about

money-case-extra-payment = 收到一笔订单无法收取的付款。
money-case-wrong-amount = 收到一笔与订单价款不符的付款。
money-case-refund-failed = 有一笔退款未成功。
money-case-chargeback-reversed = 有一笔付款追回已被撤销。
money-case-unanswered = 支付服务一天未给出某笔款项的结果。
money-case-completed-unpaid = 有订单已完工两周，尚未付款。
money-case-fee-shortfall = 有服务商获得的取消费用少于约定金额。
money-case-adapter-differs = 支付服务的答复与其此前的最终结果矛盾。
money-case-other = 有订单的款项需要人工查看。
