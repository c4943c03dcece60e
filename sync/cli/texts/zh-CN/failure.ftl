# Why a run could not do what it was asked. Where there are several lines, the last is the next step.

failure = holdfast：{ $sentence }

unwritten =
    无法写出结果：{ $cause }
    在输出位置腾出空间后重新运行
unreachable =
    无法连接 { $url }：{ $cause }
    确认平台正在运行，且 --url 是其网关地址
too-slow =
    { $url } 在 { $seconds } 秒内未响应
    请重试，或用 --timeout 放宽时限
unreadable =
    无法识别 { $url } 的回应
    确认 --url 指向相同版本的 Holdfast 网关
foreign-answer =
    { $url } 以 HTTP { $status } 回应，但其形式不是 Holdfast 网关的
    请确认 --url 指向网关，并检查其前面的代理
nothing-there =
    { $url } 上没有 { $path }
    确认名称无误，且 --url 指向相同版本的 Holdfast 网关
no-platform =
    本机没有已知的运行中平台
    运行 `cargo xtask up` 启动，或用 --url 或 HOLDFAST_URL 指定网关
several-platforms =
    本机已知多个平台：{ $gateways }
    用 --url 或 HOLDFAST_URL 指定其中一个
token-in-the-clear =
    登录信息将以明文发送到 { $url }：途中任何人都能读取并冒用您的身份
    请使用 https:// 或通往本机的隧道；--token-in-the-clear（或 HOLDFAST_TOKEN_IN_THE_CLEAR=1）会照样发送
token-is-in-the-clear = holdfast：警告：登录信息以明文发送到 { $url }，途中任何人都能读取
no-sign-in =
    { $url } 上无人登录
    运行 `holdfast login --url { $url } USER` 以管理员身份登录
sign-in-over =
    { $url } 上的登录已结束
    运行 `holdfast login --url { $url } USER` 重新登录
no-password =
    无法读取密码：{ $cause }
    请在终端中运行，或用 --password-stdin 提供密码和验证码，各占一行
sign-in-unusable =
    无法使用已保存的登录 { $path }：{ $cause }
    请修复或删除该文件，或在 HOLDFAST_CONTEXT_DIR 中指定其他目录
roots-unreadable =
    无法读取 { $path } 中的证书机构：{ $cause }
    请在 HOLDFAST__TLS__ROOTS 中指定包含其证书的文件
roots-unusable =
    { $path } 中没有证书机构的证书
    请在 HOLDFAST__TLS__ROOTS 中指定包含其证书的 PEM 文件

# What stood in the way of a call or a file.
cause-refused = 该处没有服务在监听
cause-no-such-host = 没有使用此名称的主机
cause-no-route = 当前网络无法到达
cause-timed-out = 未及时回应
cause-broken = 连接中断
cause-certificate = 其证书并非由此处信任的机构签发（可在 HOLDFAST__TLS__ROOTS 中添加）
cause-certificate-time = 按本机时间，其证书不在有效期内
cause-no-tls = 无法与其建立 TLS 连接（是否应为 http:// 而非 https://？）
cause-no-file = 没有此文件
cause-not-allowed = 当前用户没有权限
cause-disk-full = 磁盘已满
cause-unknown-form = 无法识别其形式

# What to do after a refusal.
set-up-in-portal = 请先用浏览器在 { $url } 登录并完成设置
codes-in-portal = 通行密钥只能在浏览器中使用：请用浏览器在 { $url } 登录并获取恢复码
sign-in-anew = 运行 `holdfast login --url { $url } USER` 以管理员身份登录
try-again = 请在 { $seconds } 秒后重试
see-what-is-missing = 网关 { $url } 的运维端口上的 GET /health/ready 会列出缺失的依赖

unknown-edge =
    没有名为 { $edge } 的节点
    运行 `holdfast edges` 查看所有节点
edge-not-in-service =
    没有已登记的节点 { $edge }
    运行 `holdfast edges` 查看所有节点；运行 `holdfast enrol withdraw { $edge }` 撤回从未使用的登记码
unknown-edge-of-region =
    { $region } 没有名为 { $edge } 的节点
    运行 `holdfast edges` 查看所有节点
holder-is-disabled =
    { $edge } 已停止服务，其密钥已被拒绝，不能持有派单权
    运行 `holdfast edges rekey { $edge }` 可重新接入；运行 `holdfast edges` 查看其他节点
unknown-person =
    没有用户名或编号为 { $person } 的服务商
    运行 `holdfast conflicts` 查看服务商编号
unknown-op =
    中枢没有操作 { $place }
    它可能尚未到达，或已超过日志保留期；运行 `holdfast edges` 查看各节点日志的接收位置
unknown-id =
    云端没有编号为 { $id } 的订单或操作
    断连的节点可能知道；链路恢复后请重试
unknown-code =
    云端没有订单 { $code }
    断连的节点可能知道；链路恢复后请重试
unknown-conflict =
    没有名为 { $name } 的冲突
    运行 `holdfast conflicts` 查看所有冲突
shared-code =
    有 { $count } 个订单使用短码 { $code }
    请使用订单编号：{ $ids }
not-a-name =
    没有 `{ $name }` 所指的内容
    请给出订单编号或短码（N-7F3K9Q）、操作位置（north-1/1/17）、操作编号，或冲突名称（lost-12）
not-to-retry =
    没有可重新提交的 `{ $name }`
    请给出操作位置（例如 north-1 17），或在门户提交的接单的操作编号
not-waiting-op =
    中枢没有未决定的操作 { $place }
    运行 `holdfast queue { $edge }` 查看等待中的操作
not-waiting-accept =
    中枢没有等待中的接单 { $id }
    运行 `holdfast queue` 查看等待中的接单
