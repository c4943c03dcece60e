# The sentence of each error code, as a person reads it. Some are pinned by golden vectors.


## who is asking

invalid-token = 令牌无效
token-expired = 登录已过期，请重新登录。
session-ended = 此次登录已结束，请重新登录。
proof-required = 此平板需要证明登录是在本机完成的。如持续出现，请重新登录。
invalid-credentials = 用户名或密码错误。
account-locked = 密码错误次数过多，请稍后再试。
visit-over = 本次登录在另一个浏览器中开始、已结束或已超时，请重新开始。
identity-refused = 未能接受其他服务的答复。
identity-taken = 该外部账号已属于本平台的另一个账号，或您已关联该服务的另一个账号。
last-way-in = 移除后您将无法登录。请先向管理员索取设置密码的代码。
sign-in-again = 请重新登录，并在 15 分钟内再次操作。
second-factor-required = 此账号登录还需第二步：通行密钥、身份验证器应用中的验证码或恢复码。如果页面没有要求，请到门户登录。
second-factor-setup-required = 您的工作要求使用第二重验证。请到门户登录，设置通行密钥或身份验证器应用。
second-factor-exists = 您已设置过。如需更换，请先关闭原来的。
last-second-factor = 您的工作要求使用第二重验证，而这是您唯一的一种。请先添加另一种，或请其他管理员移除。
too-many-passkeys = 通行密钥数量已达上限，请移除一个不再使用的。
passkey-wrong = 通行密钥未通过验证。请重试，或改用验证码。
code-wrong = 验证码错误。
code-over = 此验证码已使用、已过期或尝试次数过多，请重新获取。
codes-off = 本平台未开通手机验证码登录。
push-off = 本平台未开通设备通知。
phone-unknown = 没有账号使用此手机号码。请先注册，然后在账号页面关联此号码。
password-only = 此号码所属账号不是普通客户账号，请使用密码登录。
providers-only = 只有服务商可以接单
role-forbidden = 您的角色无权执行此操作。
permission-missing = 您的角色不包含这项工作。
not-yours = 这不是您的订单。
revoked = 该账号已被停用。
not-verified = 只有经管理员核验的服务商才能接单。请在个人资料页申请核验。
device-closed = 此平板的使用许可已收回，请重新登录或更换平板。
device-in-use = 此平板上仍有其他人登录。
csrf-token-wrong = 本页面的登录信息已过时，请重新加载页面。
foreign-page = 此请求并非来自本站页面。
too-many-streams = 同时打开的实时连接过多，请关闭其他标签页。

## what was asked

invalid-input = 部分字段需要更正。
malformed-body = 无法读取请求内容。
body-too-large = 请求内容过大。
body-too-slow = 请求内容未能及时送达。
file-kind-refused = 这里不接受这种文件。图片请用 JPEG、PNG 或 WebP 格式；证书也可以用 PDF。
file-not-plain = 除图片或页面以外，此文件还含有脚本或其他文件等内容。请去掉这些内容后重新保存。
picture-unreadable = 此文件已损坏，无法打开。
picture-too-large = 此图片超过 5200 万像素，或像素数与文件大小不相称。请先缩小。
too-many-files = 您上传的文件已达每人上限。请明天再试。
link-invalid = 此链接无效或已过期。请重新加载页面。
not-found = 此处没有内容。
method-not-allowed = 此处不支持该操作。
user-exists = 该用户名或邮箱已被使用。
role-exists = 已有同名角色，请换一个名称。
role-built-in = 内置角色不能修改，也不能删除。请另建自己的角色。
role-in-use = 还有人使用这个角色，请先给他们换成别的角色。
role-fixed = 服务商的角色不能更改，也不能事后改为服务商：订单、资料和平板都与它相连。
too-many-roles = 角色数量已达上限，请删除一个无人使用的角色。
stale-version = 在您读取之后，内容已被更改。请重新加载，再作修改。
edge-exists = 已有同名的节点，请另取名称。
key-too-new = 下一把密钥尚未传达到各处，请在其生效后重试。
op-not-stopped = 该条目并未在等待管理员处理。
enrolment-code-invalid = 登记码无效、已使用或已过期。
enrolment-code-used = 该节点已使用登记码完成登记。

## orders

order-not-found = 订单不存在。
order-exists = 已存在该编号的订单。
order-already-accepted = 订单已被其他服务商接走
order-not-approved = 订单仍在等待审核。
order-cancelled = 订单已取消。
order-rejected = 订单未通过审核。
wrong-state = 订单当前状态不允许此操作。
double-booked = 您在该时段已有工单。请先退回那一单，或另选一单。
offered-to-others = 此工单暂时只派给指定的服务商，您不在其中。时限一过，所有服务商都可以接单。
too-many-open-jobs = 您手上的工作已达上限，请先完成或退回一份。
too-many-acceptances = 您在 24 小时内接单已达上限。
too-many-withdrawals = 您在 24 小时内退回的工作已达上限。如果无法完成这份工作，请联系管理员撤回。
too-many-open-orders = 您未完成的订单已达上限。请取消不再需要的订单，或等待订单完成。
funds-not-held = 客户付款托管后才能开始服务。
start-code-required = 开工需要客户读出的开工码。
start-code-wrong = 开工码不对。
start-code-locked = 开工码输错次数过多。请等一刻钟，并请客户再看一遍开工码。
order-not-payable = 该订单目前不能支付：须先有服务商接单，且订单未取消。
amount-mismatch = 金额与该订单不符。
already-paid = 该订单已经支付。
not-refundable = 该订单目前没有可退的款项。
refund-decided = 该退款申请已经处理。
nothing-failed = 该订单没有失败的退款。
no-work-in-vain = 该订单没有这位服务商徒劳完成工作的记录。
terms-changed = 取消的费用已经改变。订单没有取消,请重新查看。
fee-settled = 费用最迟须在生效前一小时设定或撤回。该费用已不足一小时，或已生效。
too-many-fees = 该费用已有二十个版本等待生效。请先撤回一个。
signature-wrong = 此消息的签名不正确。
too-many-incidents = 您对这份工作已报告五次，不能再报告。
incident-not-found = 订单的服务商没有提交过该编号的增加工作报告。
incident-answered = 该报告已有答复。
own-proposal = 这个时间是您自己提出的，须由订单的另一方答复。
time-proposal-over = 该改期提议已失效，请重新查看订单。
too-many-proposals = 您为此订单提议改期的次数已达上限，请改发消息商量。
contact-not-open = 接单之后、完工之前，客户与服务商才能看到彼此的联系方式。
no-phone-number = 对方没有填写电话号码。
too-many-number-reads = 该订单中，此号码已向您显示五十次，不再显示。
messages-not-open = 接单之后即可互发消息。
messages-closed = 订单结束 30 天后消息关闭，内容仍可查看。
messages-blocked = 你们之中有一方屏蔽了对方，消息无法送出。
too-many-messages = 您在此订单中发送的消息已达上限。
author-deleted = 作者已注销账号，此内容已被抹除。
order-not-completed = 订单完工后才能评价。
order-unpaid = 该服务尚未付款，付款后才能评价。
already-reviewed = 该订单已经评价过。
review-fixed = 该评价已不能修改：服务商已回复，或修改时限已过。
own-review = 这是您自己的评价，或是对您所做工作的评价。
order-cancelled-meanwhile = 在此之前订单已被取消。
order-rejected-meanwhile = 在此之前订单未通过审核。
command-id-reused = 该操作编号已用于其他操作。
region-assigning-offline = 该区域由本地节点派单，当前无法连接。
region-taken-back = 节点的承诺不再有效：运营人员收回了它的派单权。
holder-restored = 节点的承诺不再有效：该节点从旧副本恢复，派单权随之终止。
holder-cloned = 节点的承诺不再有效：该节点有两个副本同时运行。
holder-disabled = 节点的承诺不再有效：运营人员已停用该节点。
right-renewed = 节点的承诺不再有效：它的订单与云端不一致，派单权已重新授予。
right-ended = 节点的承诺不再有效：它的派单权已终止，其方式只有更新的版本才知道。
acceptance-not-arrived = 您的接单目前只记录在区域节点，请在该节点操作，或等节点联网后重试。
edge-epoch-ended = 该节点的这一代已终止，请使用其当前的代次。

## what an edge may doubt

looks-taken = 该订单似乎已被接走，最终以云端为准。
looks-wrong-state = 订单状态似乎已变化，最终以云端为准。
looks-not-yours = 该订单似乎属于他人，最终以云端为准。
looks-unpaid = 已保存在本节点。据本节点所知，客户的付款尚未托管，云端不会接收此操作，请不要继续施工。
looks-double-booked = 已保存在本节点。您在该时段已有工单，除非那一单先结束，否则云端不会接收。
looks-offered = 已保存在本节点。此工单暂时只派给指定的服务商，您不在其中。只有在云端处理时时限已过，才会接收。
region-held-elsewhere = 已保存在本节点。该区域由另一节点派单，您的接单由其决定，请先不要开工。

## the machine

storage-full = 区域节点磁盘已满，未保存任何内容，请稍后再试。
photo-room-full = 区域节点暂时没有空间存放更多照片，需先向云端发送一部分。照片会保存在此设备上，稍后发送。
photo-not-named = 此处没有您的任务引用这张照片。
photo-damaged = 照片在传输中发生变化，将重新发送。
unknown-op = 当前版本无法识别该操作。
gate-closed = 该区域的闸口已被运营人员关闭。
protocol-unsupported = 没有共同支持的协议版本。
edge-unknown = 该节点未登记。
edge-clock-wrong = 该节点的时钟有误：其令牌不属于当前时间。答复中附有正确时间。
session-superseded = 该节点的新会话已接管。
edge-twin = 该节点的另一个实例正在运行，本机是副本，请以新名称重新登记。
edge-disabled = 运营人员已停用该节点，须用新的登记码才能重新接入。
edge-not-trusted = 节点发来此操作时已不受信任，请在其他节点或门户中重新操作。
edge-needs-operator = 该节点今日恢复次数过多，须由运营人员放行。
certificate-name-refused = 云端的证书颁发机构不能为该节点签发此名称的证书。
certificate-request-invalid = 云端无法签署此证书申请。
chain-broken = 日志与已接收内容不连续。
rate-limited = 请求过于频繁，请稍后再试。
registration-quota = 该网络地址今天注册的账号过多，请明天再试。
too-many-requests = 请求过于频繁
newcomers-wait = 区域节点剩余空间不多，先留给云端已确认过其操作的用户。未保存任何内容，请待节点连上云端后再试。
unavailable = 该服务暂时不可用，请稍后再试。
timed-out = 处理超时，请重试。
issuer-away = 其他服务没有响应，请稍后再试。
code-not-sent = 未能向您的手机发送验证码。请稍后再试，或使用密码登录。
internal = 服务器内部错误。
unrecognised = 该回应来自更新的版本。
