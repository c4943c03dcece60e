# 通过其他服务登录；label 是该服务的名称。

issuer-away = { $label } 没有响应。请稍后再试，或使用密码登录。
issuer-refused = { $label } 的答复不适用于本次登录，请重新开始。
email-elsewhere = { $label } 提供的邮箱已属于本平台的另一个账号。请先用密码登录该账号，然后在账号页面关联 { $label }。
