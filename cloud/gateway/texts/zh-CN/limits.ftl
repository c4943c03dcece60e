# What a caller hears who asks too often.

at-most-a-minute = 每分钟最多 { $most } 次，请在 { $seconds } 秒后重试。
at-most-a-minute-in-all = 每分钟总共最多 { $most } 次请求，请在 { $seconds } 秒后重试。
