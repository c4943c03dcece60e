# What an inbox line about an order says, by event and by who reads it.

order-created-customer =
    .title = 订单已发布
    .content = 您的订单“{ $title }”（{ $code }）已发布，等待管理员审核。

order-created-admin =
    .title = 有订单待审核
    .content = { $region }的订单 { $code } 等待管理员审核。

order-created-provider =
    .title = 有可能适合您的工作
    .content = { $region }的工作“{ $title }”（{ $code }）已发布，金额 { $price }，管理员审核通过后即可接单。

order-approved-customer =
    .title = 订单审核通过
    .content = 您的订单“{ $title }”（{ $code }）已通过审核，{ $region }的服务商现在可以接单。

order-approved-provider =
    .title = 有适合您的工作
    .content = { $region }的工作“{ $title }”（{ $code }）可以接单，金额 { $price }，先接先得。

order-rejected-customer =
    .title = 订单未通过审核
    .content = 您的订单“{ $title }”（{ $code }）未通过审核。

order-accepted-customer =
    .title = 服务商已接单
    .content = 服务商已接下您的订单“{ $title }”（{ $code }），金额 { $price }。请及时支付，以便开工。

order-accepted-provider =
    .title = 这份工作归您了
    .content = 您已接到{ $region }的工作“{ $title }”（{ $code }）。客户支付 { $price }，扣除平台服务费后为您的应得款项。客户付款托管后即可开工。

order-accepted-later-customer =
    .title = 服务商已接单
    .content = 服务商已接下您的订单“{ $title }”（{ $code }），金额 { $price }。此类服务可先服务后付款，您也可以随时支付。

order-accepted-later-provider =
    .title = 这份工作归您了
    .content = 您已接到{ $region }的工作“{ $title }”（{ $code }）。此类服务先服务后付款，现在即可开工。客户支付 { $price } 后，扣除平台服务费即为您的应得款项。

order-acceptance-lost-provider =
    .title = 未接到这份工作
    .content = 您没有接到工作“{ $title }”（{ $code }）。

order-acceptance-closed-provider =
    .title = 订单已先行关闭
    .content = 节点曾向您承诺工作“{ $title }”（{ $code }），该承诺有效。运营人员会处理此事。

order-acceptance-lost-admin =
    .title = 有承诺被推翻
    .content = 节点曾将{ $region }的订单 { $code } 承诺给服务商，但订单已先行关闭。此事等待管理员处理。

order-acceptance-withdrawn-customer =
    .title = 订单重新开放
    .content = 管理员已从服务商处撤回您的订单“{ $title }”（{ $code }），其他服务商现在可以接单。

order-acceptance-withdrawn-provider =
    .title = 工作被撤回
    .content = 管理员已撤回{ $region }的工作“{ $title }”（{ $code }），它不再归您。

order-held-provider =
    .title = 可以开工
    .content = { $region }的工作“{ $title }”（{ $code }）的客户付款已托管，您可以开工。

order-started-customer =
    .title = 已开工
    .content = 服务商已就您的订单“{ $title }”（{ $code }）开工。

order-given-back-customer =
    .title = 订单重新开放
    .content = 服务商已退回您的订单“{ $title }”（{ $code }），其他服务商现在可以接单。

order-cancelled-customer =
    .title = 订单已取消
    .content = 您的订单“{ $title }”（{ $code }）已取消。

order-cancelled-provider =
    .title = 工作已取消
    .content = { $region }的工作“{ $title }”（{ $code }）已取消，您无需前往。

order-completed-customer =
    .title = 订单已完工
    .content = 订单“{ $title }”（{ $code }）已完工，请评价。

order-completed-held-customer =
    .title = 订单已完工
    .content = 订单“{ $title }”（{ $code }）已完工，请评价。如有问题，请在 { $until } 前申请退款；此后款项将付给服务商。

order-completed-unpaid-customer =
    .title = 订单已完工
    .content = 订单“{ $title }”（{ $code }）已完工，价款 { $price } 尚未支付，请立即付款。

order-unpaid-customer =
    .title = 请为订单付款
    .content = 订单“{ $title }”（{ $code }）已完工，价款 { $price } 尚未支付，请付款。

order-completed-provider =
    .title = 工作已完工
    .content = 您的工作“{ $title }”（{ $code }）已完工。

order-completed-held-provider =
    .title = 工作已完工
    .content = 您的工作“{ $title }”（{ $code }）已完工。如客户未提出异议，价款 { $price } 中您的应得款项将在 { $until } 后归您。

order-completed-unpaid-provider =
    .title = 工作已完工
    .content = 您的工作“{ $title }”（{ $code }）已完工，价款 { $price } 尚未支付，我们会请客户付款。

order-incident-late-customer =
    .title = 服务商会晚到
    .content = 订单“{ $title }”（{ $code }）的服务商会晚到。

order-incident-nobody-home-customer =
    .title = 服务商到场无人
    .content = 订单“{ $title }”（{ $code }）的服务商已到场，但无人在家。

order-incident-more-work-customer =
    .title = 服务商提出增加工作
    .content = 订单“{ $title }”（{ $code }）的服务商提出增加工作，价格 { $extra }。请在订单页面选择同意或不同意。

order-incident-other-customer =
    .title = 您的订单出了状况
    .content = 订单“{ $title }”（{ $code }）的服务商报告出了状况，工作仍会继续。

order-incident-agreed-provider =
    .title = 客户同意增加工作
    .content = 订单“{ $title }”（{ $code }）的客户同意增加工作，价格 { $extra }。客户会为此另下一单付款，本订单及其价格不变。

order-incident-declined-provider =
    .title = 客户不同意增加工作
    .content = 订单“{ $title }”（{ $code }）的客户不同意增加价格为 { $extra } 的工作。请只做原先约定的工作。

order-offered-provider =
    .title = 有工单派给您
    .content = 工单“{ $title }”（{ $code }，{ $region }，{ $price }）在 { $offer_end } 之前派给您。请在此之前接单，之后所有服务商都可以接。

order-time-proposed-customer =
    .title = 服务商提议改期
    .content = 订单“{ $title }”（{ $code }）的服务商提议改到 { $other_time }。请在订单页面选择同意或不同意。

order-time-proposed-provider =
    .title = 客户提议改期
    .content = 工作“{ $title }”（{ $code }）的客户提议改到 { $other_time }。请在工作页面选择同意或不同意。

order-time-declined-customer =
    .title = 服务商不同意改期
    .content = 订单“{ $title }”（{ $code }）的服务商不同意改到 { $other_time }，订单时间不变。

order-time-declined-provider =
    .title = 客户不同意改期
    .content = 工作“{ $title }”（{ $code }）的客户不同意改到 { $other_time }，工作时间不变。

order-rescheduled-customer =
    .title = 服务商已同意改期
    .content = 订单“{ $title }”（{ $code }）的服务商已同意，新的时间是 { $other_time }。

order-rescheduled-provider =
    .title = 客户已同意改期
    .content = 工作“{ $title }”（{ $code }）的客户已同意，新的时间是 { $other_time }。

order-message-unread-customer =
    .title = 服务商给您发来消息
    .content = 订单“{ $title }”（{ $code }）的服务商给您发来消息，请在订单的消息页查看。

order-message-unread-provider =
    .title = 客户给您发来消息
    .content = 订单“{ $title }”（{ $code }）的客户给您发来消息，请在工作的消息页查看。

order-message-reported-admin =
    .title = 有消息被举报
    .content = { $region }的订单 { $code } 中有消息被举报。此事等待管理员处理。

## Sentences that follow the content where there is something to say

# Stands between two of them.
between = { "" }
reason-given = 原因：“{ $reason }”。
provider-writes = 服务商留言：“{ $text }”。

## What a cancel costs, and what a job brings

cancel-free = 取消不收取费用。
cancel-fee = 取消费用为 { $fee }。
cancel-refund = { $refund } 将退还给您。
held-share = 您的应得款项为 { $share }。

## How an acceptance was lost

lost-tapped = 您的点按时间为 { $tapped_at }。
lost-stored = { $edge_at } 到达区域节点。
lost-won = 对方的接单于 { $winner_at } 确认。
no-penalty = 您不会因此受到任何处罚。

## Why a job is proposed

match-reasons = 推荐理由：{ $reasons }。
match-separator = ；
match-serves-the-area = 您服务于该区域
match-does-this-work = 您提供此类服务
match-verified = 您的资料已核验
match-works-that-day = 您当天可以工作
match-names-the-skill = 工作提到了您的技能
match-well-rated = 客户对您评价良好
match-has-completed-jobs = 您在此有完工记录

## Open jobs nearby

nearby-jobs = 附近的待接工作：{ $jobs }。
nearby-job = “{ $title }”（{ $code }），{ $price }
nearby-separator = ；
