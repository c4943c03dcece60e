# The mail that brings a code to an address which waits to be confirmed.

confirm-subject = 请确认您的邮箱
confirm-code = 【Holdfast】{ $code } 是此邮箱的确认码，{ $hours } 小时内有效，仅可使用一次。
confirm-link = 请登录并在此确认：{ $link }
confirm-not-you = 如果您没有申请，请忽略此邮件，此邮箱不会收到任何通知。
