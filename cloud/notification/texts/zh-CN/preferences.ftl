# Why preferences cannot be kept as they are.

time-zone-unknown = 没有这个时区，请填写时区名称，例如 Asia/Shanghai。
hour-out-of-range = 小时为 0 到 23。

# The subject of a digest.
digest-title = 您有 { $unread } 条未读通知

## The few words of short channels.

brief-of-order = 订单 { $code }，详情见站内消息。
brief-elsewhere = 详情见站内消息。
text-message = 【Holdfast】{ $title }。{ $brief }
# In the place of a title that somebody wrote.
brief-notice-title = 您有一条消息
