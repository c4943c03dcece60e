# What a page hears whose request is refused.

csrf-header = 请在请求头 `X-CSRF-Token` 中发送会话的 `csrf_token`。
own-page = 登录以及凭 Cookie 进行的更改必须来自本源的页面。
