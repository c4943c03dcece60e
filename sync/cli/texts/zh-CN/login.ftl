# `holdfast login`, `logout` and `token`.

password-of = { $user } 的密码：
code-of-app = 身份验证器应用的验证码，或恢复码：
login-done = + { $user }（{ $role }）已登录 { $url }
login-kept = 保存在 { $file }，十二小时内自动续期
login-next = 运行 `holdfast status` 查看平台；运行 `holdfast logout` 结束登录
login-no-admin = 运行 `holdfast token` 输出访问令牌；其他命令需要管理员
login-guesses = ! 自 { $since } 起，有人在其他 { $places } 处以此用户名输错密码或验证码 { $count } 次
logout-done = + { $url } 上已无人登录
logout-here-alone = 本机已清除登录信息；平台上的会话将在十二小时内自行结束
