/** Columns whose names say that they tell who somebody is, or how to reach or pay them. */
const personal =
  /^(e_?mail.*|.*_e_?mail|(.*_)?phone(_?(number|no))?|mobile.*|(first|last|middle|given|family|full|maiden)_?name|surname|(date_of_)?birth.*|dob|ssn|social_security.*|tax_?id|passport.*|national_id|id_card.*|iban|bic|card_?(number|no|holder)|pan|cvv|account_number|street.*|(.*_)?address(_?line.*)?|postal_code|zip(_?code)?|ip_address|salary|diagnosis|medical.*|gender|religion|ethnicity)$/i

/** Columns whose names say that who reads them can act as somebody else. */
const secret =
  /^(.*_)?(password|passwd|pwd|secret|token|api_?key|private_?key|access_?key|credential|otp|totp)s?(_?(hash|digest|encrypted|enc|value|seed))?$/i

export function personalColumns(columns: readonly string[]): readonly string[] {
  return columns.filter((column) => personal.test(column))
}

export function secretColumns(columns: readonly string[]): readonly string[] {
  return columns.filter((column) => secret.test(column))
}
