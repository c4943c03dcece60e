# Confirming an address by the code that a mail brings.

address-code-needs = 请填写邮件中的十六位确认码。
address-mails = 每小时最多发送 { $most } 封确认邮件，请在 { $minutes } 分钟后重试。
password-mails = 申请验证码过于频繁。此前邮件中的验证码半小时内有效，否则请在 { $minutes } 分钟后重试。
address-taken = 此邮箱已属于本平台的另一个账号。
name-taken = 该用户名已被使用。
