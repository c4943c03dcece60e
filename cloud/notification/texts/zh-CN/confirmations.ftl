# The mail that brings a code to an address which waits to be confirmed.

confirm-subject = 请确认您的邮箱
confirm-code = 【Holdfast】{ $code } 是此邮箱的确认码，{ $hours } 小时内有效，仅可使用一次。
confirm-link = 请登录并在此确认：{ $link }
confirm-not-you = 如果您没有申请，请忽略此邮件，此邮箱不会收到任何通知。

# The mail to the owner of an address with which a new account was registered.
known-subject = 您已有账号
known-owner = 【Holdfast】有人用此邮箱注册了新账号，而此邮箱已属于您的账号 { $name }。新账号不会通过此邮箱收到任何邮件。
known-sign-in = 如需使用您的账号，请照常登录：{ $link }
known-not-you = 如果忘记密码，请在登录页选择“忘记密码”。如果不是您本人注册，请忽略此邮件，您的账号没有任何变化。

# The mail to a person who forgot their password.
password-subject = 重置密码的验证码
password-code = 【Holdfast】{ $code } 是您的账号 { $name } 重置密码的验证码，{ $minutes } 分钟内有效，仅可使用一次。
password-link = 请在此设置新密码：{ $link }
password-not-you = 如果您没有申请，请忽略此邮件，您的密码不会改变。请勿将验证码告诉任何人，包括工作人员。
