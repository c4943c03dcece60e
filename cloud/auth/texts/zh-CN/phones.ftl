# Signing in by a code that a phone is sent.

code-message = 【Holdfast】验证码 { $code }，{ $minutes } 分钟内有效。请勿告诉任何人。
phone-needs = 请填写手机号码，例如 +86 138 0013 8000。不带 + 时视为本国号码。
phone-countries = 验证码只发送至以下国家或地区的普通手机号码：{ $countries }。
code-needs = 请填写短信中的六位数字。
tries-left = { $count ->
    [0] 已无剩余次数，请重新获取验证码。
   *[other] 还可尝试 { $count } 次。
}
codes-of-phone = 每个号码每小时最多发送 { $most } 条验证码。请在 { $minutes } 分钟后重试，或使用密码登录。
codes-of-address = 同一网络地址每小时最多发送 { $most } 条验证码。请在 { $minutes } 分钟后重试，或使用密码登录。
codes-of-all = 本小时内获取验证码的人数过多。如果您的号码已有账号，仍可能收到验证码，收到后请直接填写；否则请在 { $minutes } 分钟后重试，或使用密码登录。
codes-too-fast = 尝试验证码过于频繁，请在 { $seconds } 秒后重试。
codes-locked = 此号码的验证码输入错误次数过多。
