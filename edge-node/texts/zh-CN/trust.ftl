# The page in the clear, on which a device comes to trust the shop's certificate.

trust-title = 信任本店
trust-heading = 让本设备信任{ $region }节点 { $edge }
trust-intro = 每台设备一次，约两分钟。之后它与本店之间的连接全程加密，断网时也一样。
trust-other-language = English
trust-open-app = 打开应用

## The check

trust-unchecked =
    .title = 本设备信任本店吗？
    .text = 打开应用：没有出现警告，就表示信任。
trust-waiting =
    .title = 尚未信任
    .text = 请按下面的步骤操作。此处每 3 秒核对一次，成功后自动变绿。
    .own = 此处每 3 秒核对一次，成功后自动变绿。若一直不变，请向本店的运维人员询问本设备需要哪个证书。
    .act = 立即核对
trust-trusted =
    .title = 本设备已信任本店
    .text = 刚刚通过加密连接核对。

## Shops without a certificate to install

trust-awaiting =
    .title = 本店还没有证书
    .text = 节点连上云端后即可获得证书。请几分钟后重新打开本页，在此之前不要输入密码。
trust-own =
    .title = 无需从本页安装
    .text = 本店的运维人员使用自有证书，大多数设备无需其他步骤即可信任。

## The steps, for each kind of device

trust-how = 本设备如何操作
trust-kinds = 设备类型
trust-kind-android = 安卓
trust-kind-ios = iPhone、iPad

trust-download =
    .title = 下载证书
    .act = 本店证书
    .profile = 本店描述文件
trust-download-android = 请用 Chrome。{ $file } 会存到“下载”。
trust-download-ios = 请用 Safari，并允许下载描述文件。
trust-download-computer = 保存 { $file }。

trust-compare =
    .title = 比对指纹
    .android = 在“设置”中搜索“信任的凭据”，打开“用户”，点按新的条目。
    .ios = 在“设置”中打开“已下载描述文件”，再点“更多详细信息”，点按证书。
    .computer = 在文件所在的文件夹打开终端，输入：
    .all = 其 SHA-256 指纹必须与本店运维人员告诉您的一致，也与这里的一致：
    .differs = 只要有一组不同，请停下：删除证书，不要输入密码，并告知运维人员。
trust-why-compare = 本页没有加密，单凭本页不能证明什么。运维人员用“holdfast edges ca”在云端查看指纹。

trust-install =
    .title = 安装
    .ios = 点“安装”。再到“通用”“关于本机”“证书信任设置”，打开该证书的开关。
    .windows = 打开文件，选择“安装证书”“本地计算机”，存储选“受信任的根证书颁发机构”。
    .linux = 输入：
    .browsers = Linux 上的浏览器各有自己的列表。Firefox：设置，“查看证书”，“证书颁发机构”，“导入”。Chrome：chrome://certificate-manager，“自定义”，“导入”。
trust-install-android = 在“设置”中搜索“CA 证书”，选择“仍然安装”，再选择 { $file }。

trust-return =
    .title = 回到这里
    .text = 上方变绿后，打开应用并添加到主屏幕。
    .help = 若没有变绿，请重新启动浏览器，并确认本设备连接的是本店自己的网络。

## Beside the steps

trust-others = 给另一台设备
trust-others-app = 应用：扫码，或输入
trust-others-page = 本页，给尚未信任本店的设备：
trust-qr = { $address } 的二维码
trust-allows =
    .title = 此证书的权限
    .text = 它只能为店内网络的名称作保，例如上面的名称，不能为任何其他网站作保。
    .renewal = 节点会自动更新自己的证书，无需重做。
trust-profile = 让本设备信任各店的 Holdfast 节点。它只能为店内网络的名称作保。
