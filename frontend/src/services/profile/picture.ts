/** Smaller pictures are refused by the server. */
export const MIN_SIDE = 96
/** Enough for the largest size that is shown; more would only be sent and thrown away. */
const MAX_SIDE = 1024

/** The square of a picture's middle, in its own pixels. */
export function centreSquare(width: number, height: number): { x: number; y: number; side: number } {
  const side = Math.min(width, height)
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), side }
}

export type Cropped = { file: Blob; url: string } | { problem: 'unreadable' | 'small' }

/**
 * Cuts a picture to the square around its centre, upright, and no larger than is of use: what
 * is shown before the upload is what is uploaded. The server does the same with whatever comes.
 */
export async function cropPicture(file: Blob): Promise<Cropped> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
  } catch {
    return { problem: 'unreadable' }
  }
  try {
    const { x, y, side } = centreSquare(bitmap.width, bitmap.height)
    if (side < MIN_SIDE) return { problem: 'small' }
    const size = Math.min(side, MAX_SIDE)
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = size
    const context = canvas.getContext('2d')
    if (!context) return { problem: 'unreadable' }
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, x, y, side, side, 0, 0, size, size)
    // Photos as JPEG; what may be transparent keeps its form.
    const type = file.type === 'image/jpeg' ? 'image/jpeg' : 'image/png'
    const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, 0.92))
    return made ? { file: made, url: canvas.toDataURL(type, 0.92) } : { problem: 'unreadable' }
  } finally {
    bitmap.close()
  }
}
