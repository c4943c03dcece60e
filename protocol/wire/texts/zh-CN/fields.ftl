# What is wrong with a field that a person filled in.

field-required = 此项为必填。
field-too-long = 最多 { $most } 个字符。
field-unprintable = 含有无法显示的字符。

title-without-words = 请用文字描述这项工作。

price-too-low = 价格必须大于零。
price-too-high = 价格过高。
extra-price-missing = 请填写增加部分的价格。
extra-price-unexpected = 只有增加工作时才需填写价格。
time-out-of-range = 时间必须在 1970 年至 9999 年之间。
time-backwards = 结束时间必须晚于开始时间。
time-is-past = 开始时间必须晚于现在。
time-unchanged = 订单已经是这个时间。

checklist-wrong = 最多二十项检查，每项只能回答一次。
signature-too-large = 签名笔画过多，或超出签名区。
job-photos-wrong = 一个订单最多四张照片，每张只能出现一次，且不超过 5 MB。
photos-wrong = 最多八张照片，每张只能出现一次，且不超过 5 MB。
photo-wrong = 照片不能超过 5 MB。

offer-providers = 请选择 1 到 { $most } 位服务商，每位一次。
offer-until = 派单的截止时间须在 5 分钟到 72 小时之后。
