# The page in the clear, on which a device comes to trust the shop's certificate.

trust-title = Trust this shop
trust-heading = Let this device trust the { $region } node { $edge }
trust-intro = Once for each device, in about two minutes. Then its connection to this shop is encrypted, even while the internet is down.
trust-other-language = 中文
trust-open-app = Open the app

## The check

trust-unchecked =
    .title = Does this device trust this shop?
    .text = Open the app. If no warning appears, it does.
trust-waiting =
    .title = Not yet trusted
    .text = Follow the steps below. This field checks every 3 seconds and turns green by itself.
    .own = This field checks every 3 seconds and turns green by itself. If it does not, ask the operator of this shop which certificate this device needs.
    .act = Check now
trust-trusted =
    .title = This device trusts this shop
    .text = Checked just now over the encrypted connection.

## Shops without a certificate to install

trust-awaiting =
    .title = This shop has no certificate yet
    .text = The node gets one as soon as it reaches the cloud. Load this page again in a few minutes, and do not enter a password before.
trust-own =
    .title = Nothing to install from this page
    .text = The operator of this shop uses a certificate of their own. Most devices trust it without further steps.

## The steps, for each kind of device

trust-how = How, on this device
trust-kinds = Kind of device
trust-kind-android = Android
trust-kind-ios = iPhone, iPad

trust-download =
    .title = Download the certificate
    .act = Certificate of this shop
    .profile = Profile of this shop
trust-download-android = Use Chrome. { $file } arrives under Downloads.
trust-download-ios = Use Safari, and allow it to load the profile.
trust-download-computer = Keep { $file }.

trust-compare =
    .title = Compare the fingerprint
    .android = In Settings, search for "Trusted credentials", open "User" and touch the new entry.
    .ios = In Settings, open "Profile Downloaded", then "More Details", and touch the certificate.
    .computer = Open a terminal in the folder of the file, and enter:
    .all = Its SHA-256 fingerprint has to be the one that the operator of this shop tells you, and this one:
    .differs = If even one pair differs, stop: remove the certificate, enter no password, and tell the operator.
trust-why-compare = This page is not encrypted, so what it shows proves nothing by itself. The operator reads the fingerprint in the cloud with "holdfast edges ca".

trust-install =
    .title = Install it
    .ios = Touch "Install". Then open "General", "About", "Certificate Trust Settings", and switch the certificate on.
    .windows = Open the file. Choose "Install Certificate", "Local Machine", and as the store "Trusted Root Certification Authorities".
    .linux = Enter:
    .browsers = Browsers on Linux have a list of their own. Firefox: Settings, "View Certificates", "Authorities", "Import". Chrome: chrome://certificate-manager, "Custom", "Import".
trust-install-android = In Settings, search for "CA certificate", choose "Install anyway", and select { $file }.

trust-return =
    .title = Come back here
    .text = The field at the top turns green. Then open the app and put it on the home screen.
    .help = If it does not, restart the browser, and check that this device is on the shop's own network.

## Beside the steps

trust-others = For another device
trust-others-app = The app. Scan the code, or type:
trust-others-page = This page, for a device that does not trust the shop yet:
trust-qr = QR code of { $address }
trust-allows =
    .title = What the certificate may do
    .text = It vouches only for names inside a shop's own network, like the one above. It cannot vouch for any other website.
    .renewal = The node renews its own part by itself. You need not do this again.
trust-profile = Lets this device trust the Holdfast nodes in shops. It vouches only for names inside a shop's own network.
