# Why a payment cannot begin now.

payment-closing = 该订单较早的一笔付款正在关闭，以免重复扣款。请在 { $seconds } 秒后重试。
