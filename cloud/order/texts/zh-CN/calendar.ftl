# What a person's calendar shows of a job.

calendar-job = { $code } · { $region } · { $status }，地址请在 Holdfast 中查看。

## The states of a job that someone has accepted, with the names that the pages give them

calendar-accepted = 已接单
calendar-in-progress = 服务中
calendar-completed = 已完工
calendar-reviewed = 已评价
calendar-cancelled = 已取消
