# What an account needs. The numbers are those of `domain/account.rs`.

username-needs = 3 到 40 个字符，只能用 a-z、0-9、`.`、`_` 和 `-`。
email-needs = 请填写邮箱地址，例如 name@example.com。
password-needs = 10 到 200 个字符。
role-needs = 请填写 `customer` 或 `provider`。
region-needs = 请填写 NORTH、SOUTH、EAST、WEST 或 MID。
