# What an inbox line about a review says.

review-created-provider =
    .title = 收到新评价
    .content = “{ $title }”（{ $code }）的客户给了您 { $rating } 星（满分 5 星）。

review-replied-customer =
    .title = 您的评价有回复
    .content = “{ $title }”（{ $code }）的服务商回复了您的评价。

review-hidden =
    .title = 评价已被隐藏
    .content = 管理员已隐藏“{ $title }”（{ $code }）的评价，它不再计入评分。

review-restored =
    .title = 评价已恢复
    .content = 管理员已恢复“{ $title }”（{ $code }）的评价，它重新计入评分。

review-reported-admin =
    .title = 有评价被举报
    .content = 订单 { $code } 的评价被举报，等待管理员处理。
