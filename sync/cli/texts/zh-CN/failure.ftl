# Why a run could not do what it was asked. Where there are several lines, the last is the next step.

failure = holdfast：{ $sentence }

unreachable =
    无法连接 { $url }：{ $cause }
    确认平台正在运行，且 --url 是其网关地址
too-slow =
    { $url } 在 { $seconds } 秒内未响应
    请重试，或用 --timeout 放宽时限
unreadable =
    { $url } 的回应无法识别：{ $cause }
    确认 --url 指向相同版本的 Holdfast 网关
no-platform =
    本机没有已知的运行中平台
    运行 `cargo xtask up` 启动，或用 --url 或 HOLDFAST_URL 指定网关
several-platforms =
    本机有多个平台在运行：{ $gateways }
    用 --url 或 HOLDFAST_URL 指定其中一个
token-in-the-clear =
    令牌将以明文发送到 { $url }：途中任何人都能读取并冒用您的身份
    请使用 https:// 或通往本机的隧道；--token-in-the-clear（或 HOLDFAST_TOKEN_IN_THE_CLEAR=1）会照样发送
token-is-in-the-clear = holdfast：警告：令牌以明文发送到 { $url }，途中任何人都能读取
no-sign-in = 没有 { $url } 的运营人员登录信息

# What to do after a refusal.
get-a-token = 以管理员身份通过 POST { $url }/api/v1/auth/login 获取新的访问令牌，并将 HOLDFAST_TOKEN 设为该令牌
try-again = 请在 { $seconds } 秒后重试
see-what-is-missing = 网关 { $url } 的运维端口上的 GET /health/ready 会列出缺失的依赖

unknown-edge =
    没有名为 { $edge } 的节点
    运行 `holdfast edges` 查看所有节点
unknown-edge-of-region =
    { $region } 没有名为 { $edge } 的节点
    运行 `holdfast edges` 查看所有节点
unknown-op =
    中枢没有操作 { $place }
    它可能尚未到达，或已超过日志保留期；运行 `holdfast edges` 查看各节点的接收位置
unknown-id =
    云端没有编号为 { $id } 的订单或操作
    断连节点上的操作先存于该节点；链路恢复后请重试
unknown-code =
    云端没有订单 { $code }
    在断连节点上创建的订单先存于该节点；链路恢复后请重试
unknown-conflict =
    没有名为 { $name } 的冲突
    运行 `holdfast conflicts` 查看所有冲突
shared-code =
    有 { $count } 个订单使用短码 { $code }
    请使用订单编号：{ $ids }
not-a-name = `{ $name }` 不是编号，也不是短码（如 N-7F3K9Q）、操作位置（如 north-1/1/17）或冲突名称（如 lost-12）
not-to-retry =
    没有名为 { $name } 的可重新提交的条目
    请给出操作位置（例如 north-1 17）或接单的操作编号
