# The help of each command: what it does, and below it each of its arguments by name.

help-holdfast =
    查看和操作 Holdfast 平台
    url: 网关地址；默认为本机已知的唯一平台
    token_in_the_clear: 危险：以明文 http:// 将登录信息发送到其他机器，途中任何人都能读取
    json: 以 JSON 输出
    width: 按指定列数排版；默认取 COLUMNS，否则为终端宽度。输出到管道时不折行，表格以制表符分隔
    lang: 输出语言（en 或 zh-CN）；默认取自环境
    timeout: 单次请求的时限（秒），默认 10；用于 `wait` 时为总等待时间，默认 60
help-status = 显示各区域及其节点的状态，以及所有异常（退出码 3）
help-edges =
    显示所有边缘节点：链路、日志、待定操作、派单权及机器状况
    retired: 同时列出已退役的节点
help-edges-disable =
    立即拒绝节点的密钥、终止其派单权，并不再采信它自某时刻起发来的内容
    edge: 节点名称，例如 north-1
    since: 最后可信的时刻：2026-11-22T14:00Z，或 90m、2h、3d 之前
    why: 原因，将记录在案并告知因此受损的人
help-edges-rekey =
    立即拒绝节点的密钥，并生成换取新密钥的登记码；已停用的节点凭此重新接入
    edge: 节点名称，例如 north-1
    why: 原因，将记录在案
help-edges-rotate =
    生成换取新密钥的登记码；在此之前现有密钥仍然有效
    edge: 节点名称，例如 north-1
help-edges-retire =
    让节点永久退役
    edge: 节点名称，例如 north-1
    why: 原因，将记录在案
help-edges-record =
    对节点的处置记录：时间、操作人与原因
    edge: 节点名称，例如 north-1
help-edges-ca =
    显示平板须信任的证书颁发机构及其指纹
help-queue =
    显示中枢尚未决定的操作及原因，以及已终止的各代遗留的操作
    edge: 只看一个节点，例如 north-1
    limit: 显示的条数，默认 50，需要人工处理的在前
help-queue-retry =
    重新提交等待人工处理的操作，或在门户提交的接单
    what: 节点名称，例如 north-1；若为门户提交的接单，则为其操作编号
    seq: 操作在该代日志中的位置
    epoch: 所属的代，若不是节点当前的一代
help-conflicts =
    显示失败的接单与待人工处理的个案，新的在前
    limit: 显示的条数，默认 20
    cursor: 上一页结束的位置
help-promises =
    显示节点作出的确定答复（大多在断网期间）及其结果，新的在前
    region: NORTH、SOUTH、EAST、WEST 或 MID
    edge: 作出答复的节点
    since: 云端在此刻及之后作出决定的：2026-11-22T14:00Z，或 90m、2h、3d 之前
    limit: 显示的条数，默认 20
    place: 上一页结束的位置
help-explain =
    说明订单、操作或冲突的来龙去脉：谁在何时做了什么，谁接到单，原因何在
    what: 订单编号或短码（N-7F3K9Q）、操作位置（north-1/1/17）、操作编号，或冲突（lost-12）
help-trace =
    追踪一个订单从点击到所到的每一处：每一步的时间，以及尚未发生的步骤
    order: 订单编号或短码（N-7F3K9Q）
help-enrol =
    为新节点生成一次性登记码，并给出在其机器上运行的命令
    region: NORTH、SOUTH、EAST、WEST 或 MID
    name: 节点名称，例如 north-2
help-enrol-withdraw =
    撤回尚未使用的登记码
    edge: 节点名称，例如 north-2
help-login =
    登录网关；登录信息保存在本机，十二小时内自动续期
    username: 用户名
    password_stdin: 从标准输入读取密码，下一行为第二重验证的验证码
help-logout = 结束本机保存的网关登录
help-token =
    输出访问令牌，供其他程序使用
    region: 输出该区域节点专用的令牌，不能用于云端
help-wait =
    等待直到条件全部满足；超时以 8 退出，并列出尚缺的条件
    conditions: links-up、synced、synced=REGION、drained 或 order=ID:STATUS；多个条件须同时满足
help-link =
    关闭或打开某区域节点与云端之间的闸口
    action: `cut` 关闭，`heal` 打开
    region: NORTH、SOUTH、EAST、WEST 或 MID
help-readmit =
    知悉节点被恢复一事；若因此被拒则放行
    edge: 节点名称，例如 north-1
help-withdraw =
    撤回某个服务商手上的全部工作，例如其账号已被停用
    person: 服务商的用户名，或 `holdfast conflicts` 所示的编号
    why: 原因，将记录在案并告知服务商和每位客户
help-lease = 显示或更改区域的派单策略，以及持有派单权的节点
help-lease-show =
    显示区域如何派单、谁持有派单权、以往的派单权如何终止
    region: NORTH、SOUTH、EAST、WEST 或 MID
help-lease-set =
    设置策略；已授予的派单权须由持有节点交还后才终止
    region: NORTH、SOUTH、EAST、WEST 或 MID
    policy: `optimistic`：先到云端者得；`exclusive`：由一个节点派单
    holder: 策略为 `exclusive` 时持有派单权的节点
help-lease-take-back =
    不经持有节点同意收回派单权；其已作出的承诺可能因此失效
    region: NORTH、SOUTH、EAST、WEST 或 MID
    why: 原因，将记录在案并告知受影响者
help-keys = 显示签发令牌的密钥，由新到旧：当前由哪一把签发，下一把何时可用
help-keys-rotate =
    即刻改由下一把密钥签发；无人需要重新登录
    why: 原因，将记录在案
help-keys-kill =
    立即作废被盗的密钥及其全部令牌；持有者须重新登录
    kid: 密钥名称，见 `holdfast keys`
    why: 原因，将记录在案
help-dlq = 等待人工处理的事件：查看、退回、丢弃，以及向队列重放事件
help-dlq-list = 显示事件在何处等待及其数量
help-dlq-show =
    显示某处等待的事件及原因，由旧到新
    place: 队列或交换器名称，见 `holdfast dlq list`
    limit: 最多显示的数量
help-dlq-redrive =
    将事件退回其队列；当初无队列接收的事件将再次发布
    place: 队列或交换器名称，见 `holdfast dlq list`
    events: 事件编号，见 `holdfast dlq show`
    all: 该处等待的全部事件
help-dlq-drop =
    永久丢弃等待的事件
    place: 队列或交换器名称，见 `holdfast dlq list`
    events: 事件编号，见 `holdfast dlq show`
    all: 该处等待的全部事件
help-dlq-replay =
    向队列重发其错过的留存事件；已收到过的由消费者识别
    queue: 队列名称，见 `holdfast dlq list`
    since: 此刻及之后的事件：2026-11-22T14:00Z，或 90m、2h、3d 之前
