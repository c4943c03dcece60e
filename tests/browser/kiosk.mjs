// A person and the staff at a kiosk's page.

/** Words that occur nowhere but in what a person typed. */
export const JOB = { title: 'Xylophone repair', details: 'The lowest bar rattles', street: 'Quokka Lane 77', phone: '13800006021', price: '181.50' }

export async function openStaffMenu(page) {
  await page.locator('.aids .button').last().click()
  await page.locator('dialog[open] .button').last().click()
}

/** What staff open the menu with. */
export const STAFF_CODE = '2580'

export async function fillSetUp(page, account, password, code = STAFF_CODE, again = code) {
  await page.fill('#account', account)
  await page.fill('#password', password)
  await page.fill('#code', code)
  await page.fill('#again', again)
  await onward(page)
}

/** Makes the device a kiosk, as its staff do; `seen` looks at each page. */
export async function enrol(page, account, password, seen = async () => {}) {
  await openStaffMenu(page)
  await page.locator('#account').waitFor()
  await seen('set-up')
  await fillSetUp(page, account, password)
  await page.locator('.facts').waitFor()
  await seen('staff')
  await stop(page)
}

export const onward = (page) => page.locator('.steps-nav .button').last().click()
export const finish = async (page) => {
  await onward(page)
  await page.locator('.hero').waitFor()
}
export const stop = async (page) => {
  await page.locator('.steps-nav .button').first().click()
  await page.locator('.hero').waitFor()
}

export async function begin(page, lang) {
  await page.locator(`.begin .button[lang=${lang}]`).click()
  await page.locator('#service').waitFor()
}

/** At a kiosk that asks how a person wants to go on. */
export async function beginBy(page, way, lang = 'en') {
  await page.locator(`.begin .button[lang=${lang}]`).click()
  await page.locator(`input[name=way][value=${way}]`).check()
  await onward(page)
}

/** The kiosk asks how a person wants to go on once it knows that the cloud sends codes. */
export async function beginNameless(page, lang = 'en') {
  await page.locator(`.begin .button[lang=${lang}]`).click()
  await page.locator('#way, #service').first().waitFor()
  if (await page.locator('#way').isVisible()) {
    await page.locator('input[name=way][value=nameless]').check()
    await onward(page)
  }
  await page.locator('#service').waitFor()
}

async function addPhoto(page, buffer) {
  await page.setInputFiles('.photo-picker input', { name: 'photo.png', mimeType: 'image/png', buffer })
  await page.locator('.photo-picker img').waitFor()
}

/** Goes through the questions up to the check; `seen` looks at each page. */
export async function describe(page, seen = async () => {}, photo = undefined) {
  await seen('what')
  await page.locator('input[value=cleaning_repair]').check()
  await onward(page)
  await page.fill('#title', JOB.title)
  await page.fill('#details', JOB.details)
  await seen('words')
  await onward(page)
  await page.locator('.photo-picker').waitFor()
  if (photo) await addPhoto(page, photo)
  await seen('photos')
  await onward(page)
  await page.locator('input[value=tomorrow]').check()
  await seen('when')
  await onward(page)
  await page.fill('#street', JOB.street)
  await page.fill('#phone', JOB.phone)
  await seen('where')
  await onward(page)
  await page.fill('#price', JOB.price)
  await seen('price')
  await onward(page)
  await page.locator('.ticket .facts').waitFor()
  await seen('check')
}

export async function publish(page) {
  await onward(page)
  await page.locator('.qr').waitFor()
}

/** The receipt that the kiosk shows. */
export async function receiptOn(page) {
  const code = await page.locator('.big-code').innerText()
  const secret = await page.locator('.scan .code').innerText()
  return { code, secret: secret.replaceAll('-', '') }
}
