# What an inbox line about money says. The line leads to its order.

payment-completed-customer =
    .title = 付款已收到
    .content = 您的付款 { $amount } 已托管，服务完成后才会结算。

payment-failed-customer =
    .title = 付款失败
    .content = 您的付款 { $amount } 未成功，未扣除任何款项，请重试。

refund-processed-customer =
    .title = 退款已处理
    .content = { $amount } 将按原支付方式退还给您。

payment-released-provider =
    .title = 款项已结算
    .content = 您的服务款项 { $amount } 已结算给您，将随下一次打款转出。
