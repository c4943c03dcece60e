# What an account needs. The numbers are those of `domain/account.rs`.

username-needs = 3 到 100 个字符，只能用 a-z、0-9、`.`、`_` 和 `-`。
email-needs = 请填写邮箱地址，例如 name@example.com。
account-needs = 请填写用户名或邮箱地址。
password-needs = 10 到 200 个字符。
role-needs = 请填写 `customer` 或 `provider`。
permissions-needs = 至少一项权限，且只能是管理员的工作。
change-needs = 方法和路由，例如 POST /api/v1/admin/roles。
search-needs = 用户名的开头，或完整的邮箱地址或手机号码。
region-needs = 请填写 NORTH、SOUTH、EAST、WEST 或 MID。
factor-proof-needs = 请提供密码、验证码或通行密钥的回应。
