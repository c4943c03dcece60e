# What somebody hears who tries too often before they are signed in.

sign-ins-of-name = 同一账号每分钟最多登录 { $most } 次，请在 { $seconds } 秒后重试。
sign-ins-elsewhere = 同一网络地址每分钟最多可通过其他服务登录 { $most } 次，请在 { $seconds } 秒后重试。
registrations-of-address = 同一网络地址每天最多可注册 { $most } 个账号。如果使用者较多，请联系平台管理员。
